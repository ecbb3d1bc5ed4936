# SPDX-License-Identifier: MIT
"""Counters that only grow: no program notices where 31 and 32 bits end. (D97)

A machine is stopped at boot and its counters are set a little before the end. At the end each of them has passed it.
The list is complete: the sources are searched for others.
"""

import re
import struct
from pathlib import Path
from typing import NamedTuple

import pytest
from breakpoints import stopping
from conftest import ROOT
from ucow.enums import names
from ucow.symbols import Symbols, physical

PLAN_BYTES, PLAN_PASSED = 16, 12  # struct plan in inject.c
BEFORE = 6  # steps, at the start, until the end of 31 or 32 bits
ENDS = [1 << 31, 1 << 32]


class Counter(NamedTuple):
    """A counter: its symbol, its size, and where it is in it."""
    symbol: str
    size: int
    offset: int = 0


COUNTERS = [Counter("ticks_now", 8), Counter("trace_ring", 4, 36), Counter("drops", 4),
            Counter("taken", 8), Counter("rmap_first.walks", 8), Counter("rmap_visits", 4), Counter("arrivals", 8),
            Counter("ticks_run", 4), Counter("last_pass", 8), Counter("reads", 4), Counter("writes", 4), Counter("races_section", 4)]
RING = Counter("trace_ring", 8, 24)  # how many events were recorded
TYPED = [Counter("chars_received", 4), Counter("chars_taken", 4)]

# What each program makes pass the end; all make the others of EVERY do so.
EVERY = {"ticks_now", "trace_ring", "drops", "taken"}
PROGRAMS = {"swapwork": (["3000", "8", "60"], {"reads", "writes", "rmap_first.walks", "rmap_visits"}), "sleeper": ([], set()), "latesleeper": ([], {"ticks_run"}),
            "linuxthreads": ([], {"arrivals"}), "linuxlife": ([], set())}

# In kernel/: counters that end by themselves, or that nothing but a report reads.
BOUNDED = {"arrays_used": "global arrays", "classes_n": "classes of locks", "pending_n": "bytes of a character",
           "files_n": "files of the archive", "fresh_slot": "stacks", "fresh": "pids", "bad_n": "slots of the disk",
           "failures": "it is set to 0, or the disk is given up", "computed_ticks": "it stops at a turn",
           "accounts_n": "accounts", "sites_used": "call sites", "elsewhere": "what is held",
           "among_n": "processes", "argc": "arguments", "args_n": "words", "beyond_bytes": "it stops", "bytes": "arguments",
           "cache": "pages", "private": "pages", "shared": "pages", "swapped": "pages", "sole_slots": "pages", "first": "bytes of a red zone", "nmis": "it stops at 2",
           "dropped": "entries", "overlapping": "entries", "wrapped": "entries", "modules_n": "modules",
           "stayed": "a search that goes on ends with it", "options_dropped": "words", "options_n": "words", "problems_n": "problems", "segments_n": "segments",
           "line_length": "bytes of a line", "units": "what is held", "passed": "it stops: test_a_plan_goes_on_for_ever"}
REPORTED = {"chars_lost", "chars_dropped", "stray_count", "mmu_flushes", "runs"}
FIELDS = {"next": "trace_ring", "ticks": "trace_ring", "pass": "last_pass"}

NUMBER = r"(?:unsigned|int|size_t|u?int\d+_t|uintptr_t)"


def one_way(texts: list[str]) -> set[str]:
    """The names of variables and of members of structures that some line increases and none decreases."""
    found, members = set(), set()
    for text in texts:
        declared = re.findall(rf"^(?:static |extern )?(?:volatile )?{NUMBER}\s+([^;()]*);|^    static {NUMBER} (\w+)", text, re.M)
        for name in {word for one, other in declared for word in re.findall(r"(?:^|, )(\w+)", one or other)}:
            if re.search(rf"\+\+{name}\b|\b{name}(\+\+| \+= )", text) and not re.search(rf"--{name}\b|\b{name}(--| -= )", text):
                found.add(name)
        members |= set(re.findall(r"(?:->|\.)(\w+)(?: ?\+\+| \+= )|\+\+[\w>.-]*(?:->|\.)(\w+)", text))
    for name in {one or other for one, other in members}:
        if not any(re.search(rf"(->|\.){name}(--| -= )|--[\w>.-]*(->|\.){name}\b", text) for text in texts):
            found.add(name)
    return found


def test_every_counter_is_listed():
    """A new one is tested here, or the list says why it needs no test."""
    files = [path for path in (ROOT / "kernel").rglob("*.[ch]") if "planted" not in path.parts]
    texts = [re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in files]
    listed = {counter.symbol.split(".")[-1] for counter in COUNTERS + TYPED} | set(BOUNDED) | REPORTED | set(FIELDS)
    assert one_way(texts) == listed - {"trace_ring", "last_pass"}


class Memory:
    """The counters in the memory of a machine that is stopped or has ended."""

    def __init__(self, build, path: Path):
        self.symbols, self.path = Symbols(build.kernel), path

    def _place(self, counter: Counter) -> int:
        return physical(self.symbols.address(counter.symbol)) + counter.offset

    def of(self, counters: list[Counter]) -> list[Counter]:
        """Those that this kernel has."""
        return [counter for counter in counters if counter.symbol in self.symbols]

    def get(self, counter: Counter) -> int:
        with self.path.open("rb") as file:
            file.seek(self._place(counter))
            return int.from_bytes(file.read(counter.size), "little")

    def set(self, counter: Counter, value: int):
        with self.path.open("r+b") as file:
            file.seek(self._place(counter))
            file.write(struct.pack("<Q", value)[:counter.size])

    def start(self, counters: list[Counter], value: int):
        """Set the counters to `value`."""
        for counter in counters:
            self.set(counter, value)


@pytest.mark.parametrize("end", ENDS, ids=["31 bits", "32 bits"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(bench, build, name, end):
    """The counters of the kernel pass the end while the program runs, and it passes, too."""
    build.need_functions("init_main")
    if name == "swapwork":
        build.need_swap()
    if name.startswith("linux"):
        build.need_linux()
    if name == "latesleeper" and build.sched != "rr":
        pytest.skip(f"the kernel is built with -Dsched={build.sched}, which does not promise it")
    arguments, more = PROGRAMS[name]
    with stopping(bench, name, *arguments, at=[Symbols(build.kernel).address("init_main")], memory=build.room("8M"),
                  cmdline="trace=off") as stops:
        memory = Memory(build, stops.live.memory_file)
        counters = memory.of(COUNTERS)
        for _ in stops:
            memory.start(counters, end - BEFORE)
        out = stops.live.end()
    out.lines.once(f"{name} pass.")
    for counter in counters:
        if counter.symbol in EVERY | more:
            passed = (memory.get(counter) - end) % (1 << 8 * counter.size)
            assert passed < 1 << 30, f"{counter.symbol} did not pass the end"


def test_no_tick_is_number_0(bench, build):
    """To the policy 0 means that a process is new. From one nap to the next the count of ticks begins one lower."""
    if build.sched != "rr":
        pytest.skip(f"-Dsched={build.sched} does not count ticks")
    build.need_functions("sys_sleep")
    ticks_run, seen = Counter("ticks_run", 4), []
    with stopping(bench, "latesleeper", at=[Symbols(build.kernel).address("sys_sleep")], cmdline="trace=off") as stops:
        memory = Memory(build, stops.live.memory_file)
        for number, _ in enumerate(stops, 1):
            seen.append(memory.get(ticks_run))
            memory.set(ticks_run, (1 << 32) - number)
        stops.live.end_unjudged()  # a stop takes some of the machine's time: on a busy host the sleeper is late
    assert len(seen) == 10  # naps
    assert any(count > 1 << 31 for count in seen) and any(0 < count < 1 << 16 for count in seen[1:])
    assert 0 not in seen


@pytest.mark.parametrize("end", ENDS, ids=["31 bits", "32 bits"])
def test_ring(bench, build, end):
    """The events have the numbers after the end, in order, and each is there that the ring has room for."""
    build.need_functions("init_main")
    build.need_trace()
    with stopping(bench, "exit", at=[Symbols(build.kernel).address("init_main")], cmdline="trace_kib=4") as stops:
        memory = Memory(build, stops.live.memory_file)
        for _ in stops:
            memory.set(RING, end - BEFORE)
        trace = stops.live.end_unjudged().trace
    assert [record.seq for record in trace] == list(range(trace.lost, trace.lost + 128))
    assert trace.lost > end - 128 and trace.records[-1].name == "end"


def test_input(bench, build):
    """What is typed while the numbers of bytes pass the end arrives."""
    with bench.boot("sh") as live:
        live.expect("$ ")
        live.qmp.stop()
        memory = Memory(build, live.memory_file)
        assert memory.get(TYPED[0]) == memory.get(TYPED[1]), "the shell has read what was typed"
        memory.start(TYPED, (1 << 32) - BEFORE)
        live.qmp.cont()
        live.type("echo where the end of thirty-two bits is\n")
        live.expect("where the end of thirty-two bits is")
        assert memory.get(TYPED[0]) < 1 << 16
        live.type("exit\n")
        live.end()


def test_a_plan_goes_on_for_ever(bench, build):
    """All forks fail, also when their number has no room in 32 bits any more."""
    if not build.inject:
        pytest.skip("the kernel is built with -Dinject=false")
    with bench.boot("sh", cmdline="inject=pid:1+@2") as live:
        live.expect("$ ")
        live.qmp.stop()
        memory = Memory(build, live.memory_file)
        memory.set(Counter("plans", 4, PLAN_BYTES * names("kind").index("pid") + PLAN_PASSED), (1 << 32) - 2)
        live.qmp.cont()
        for _ in range(4):
            live.type("hello\n")
            live.expect("hello: ")
        live.type("exit\n")
        live.end()
