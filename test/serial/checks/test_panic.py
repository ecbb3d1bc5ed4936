# SPDX-License-Identifier: MIT
"""kernel/planted/planted.c: the kernel makes a mistake on request and reports it in full.

D13: a trap in the kernel panics with a report. D18: kernel text cannot be written. D19: the kernel
cannot look at user memory outside usercopy. D28, D29: a leak is counted and named with its call
site. D38: an overflow of a kernel stack names the process. D54: each ends in power-off.
"""

import re
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import pytest
from trapframes import KERNEL_DATA, KERNEL_TEXT, PAGE_FAULT, assert_lines, frame_patterns, number_of
from ucow.machine import CHECK_FAILED, PANIC

SOURCE = Path(__file__).resolve().parents[3]
LAST_EVENTS = 16
FRAMES_MOST = 33  # the function that panicked, and 32 callers
READ, WRITE_PROTECTED = 0, 3  # error codes, Intel SDM 3A 4.7: absent; present, and a write
STOPS = "the machine stops here."
CALLED_FOR_CHECKS = {"kernel/check/kasan.c", "kernel/check/races.c"}  # by every function, as the compiler wants
SITE = re.compile(r"(?P<function>\w+) \((?P<file>[\w/.]+):(?P<line>\d+)\)")


@dataclass(frozen=True)
class Site:
    """`function (file:line)`, as the kernel prints it."""
    function: str
    file: str
    line: int

    @classmethod
    def parse(cls, text: str) -> "Site":
        match = SITE.fullmatch(text)
        assert match, f"expected function (file:line), seen {text!r}"
        return cls(match["function"], match["file"], int(match["line"]))

    def source(self) -> str:
        """The source line there."""
        return (SOURCE / self.file).read_text().splitlines()[self.line - 1].partition("/* <-")[0].strip()

    def is_in_function(self) -> bool:
        """Whether the function that begins last above the line, in C or assembler, is the one named."""
        above = (SOURCE / self.file).read_text().splitlines()[:self.line]
        begins = re.compile(r"^(\w+):" if self.file.endswith(".S") else r"^[A-Za-z_][\w *]*?(\w+)\([^;]*$")
        return [match[1] for match in map(begins.match, above) if match][-1] == self.function


@dataclass(frozen=True)
class Mistake:
    """What is said of a mistake, and the source lines of its innermost frames."""
    message: str
    function: str
    source: str
    error: int | None = None   # the error code, if it is a page fault
    checked: bool = False      # only checking builds detect it

    def is_at(self, site: Site) -> bool:
        """Whether the kernel reported the right line, and the line is in the function it named."""
        return (site.function, site.source()) == (self.function, self.source) and site.is_in_function()


MISTAKES = {
    "panic": Mistake("selftest: a panic was asked for", "plant_panic", 'panic("selftest: a panic was asked for");'),
    "assert": Mistake(r"assertion failed: two \+ two == 5", "plant_assert", "ASSERT(two + two == 5);", checked=True),
    "null": Mistake("kernel read of 0x00000010: page fault", "plant_null", "(void)*(volatile int *)field;", READ),
    "userread": Mistake("kernel read of 0x00800000: page fault", "plant_userread", "(void)*(volatile int *)user;", READ),
    "textwrite": Mistake("kernel write to 0xc01[0-9a-f]{5}: page fault", "plant_textwrite", "*(volatile char *)text = 0;",
                         WRITE_PROTECTED),
}

# Who called, from the mistake outwards: the way of every kernel thread.
CALLERS = [("init_main", "before_programs();"), ("proc_first_run", "current->thread(current->thread_arg);"),
           ("fork_return", "call proc_first_run")]


def between(lines, first: str, last: str) -> list[str]:
    """The lines between two lines that must each occur once."""
    return lines.lines[lines.lines.index(lines.once(first)) + 1:lines.lines.index(lines.once(last))]


def backtrace(lines) -> list[tuple[int, Site]]:
    """The printed addresses and sites."""
    frames = []
    for line in between(lines, "backtrace:", "last events:"):
        match = re.fullmatch(r"  \[(0x[0-9a-f]{8})\] (.*)", line)
        assert match, f"not a frame: {line!r}"
        frames.append((int(match[1], 16), Site.parse(match[2])))
    return frames


def make(run, build, name: str):
    """Boot and make the mistake. Skips the test if this kernel does not detect it."""
    if MISTAKES[name].checked and not build.debug_checks:
        pytest.skip("the kernel is built with -Ddebug_checks=false")
    return run("hello", cmdline=f"selftest={name}", expect=PANIC)


@pytest.fixture(params=MISTAKES)
def mistake(request):
    return request.param


def test_message(run, build, mistake):
    """The message names place, mistake and process; the last line is there, and no output of the program."""
    wanted, lines = MISTAKES[mistake], make(run, build, mistake).lines
    where = lines.once(re.compile("^kernel panic at "))
    site = Site.parse(where.removeprefix("kernel panic at ").removesuffix(":"))
    assert wanted.is_at(site), f"{site}: {site.source()}"
    assert_lines(lines, [re.escape(where), f"    {wanted.message}",
                         'current process: pid 1, name "init", kernel stack at 0xfb[0-9a-f]{6}'])
    assert lines.lines[-1] == STOPS
    lines.never(re.compile("^kernel_execve|quit"))


def test_backtrace(run, build, mistake):
    """Each frame's function is at its file and line, and the frames are the calls that led here."""
    lines = make(run, build, mistake).lines
    innermost, *callers = [site for _, site in backtrace(lines)]
    assert MISTAKES[mistake].is_at(innermost), f"{innermost}: {innermost.source()}"
    # The compiler may have made a jump of the call in selftest_run().
    frames = [(site.function, site.source()) for site in callers if site.function != "selftest_run"]
    if "buildtype=release" in lines.lines[1]:
        # Calls between files may be inlined: the line is then in the inlined function.
        assert [function for function, _ in frames] == [function for function, _ in CALLERS]
    else:
        assert all(site.is_in_function() for site in callers)
        assert frames == CALLERS


def test_trap_frame(run, build, mistake):
    """A trap frame of ring 0 is printed if the mistake is a trap."""
    wanted, lines = MISTAKES[mistake], make(run, build, mistake).lines
    if wanted.error is None:
        lines.never(re.compile("^trapframe"))
        return
    frame = assert_lines(lines, [*frame_patterns(PAGE_FAULT, wanted.error, KERNEL_TEXT, KERNEL_DATA), "backtrace:"])
    assert number_of(frame, "eip") == backtrace(lines)[0][0]


def test_last_events(run, build):
    """The kernel prints the same last events that the tools read from its ring, in the same words. (D99)"""
    out = make(run, build, "panic")
    printed = between(out.lines, "last events:", STOPS)
    last = out.trace.last(LAST_EVENTS)
    assert len(printed) == len(last) > 0
    assert printed == list(map(str, last))
    assert any("from=RUNNABLE to=RUNNING" in line for line in printed)


def test_no_event(run, build):
    """Without a trace the kernel says that there is none."""
    if not build.planted:
        pytest.skip("the kernel is built with -Dplanted=false")
    lines = run("hello", cmdline="trace=off selftest=panic", expect=PANIC).lines
    assert between(lines, "last events:", STOPS) == ["  none was recorded"]


def test_tools_agree(run, bench, build):
    """tools/ucow resolves the addresses to the same functions, files and lines as the kernel."""
    address, site = backtrace(make(run, build, "panic").lines)[0]
    assert bench.runs[-1].symbols.where(address) == f"{site.function} {Path(site.file).name}:{site.line}"


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.checked])
def test_unchecked(run, build, name):
    """A kernel without checks does not detect it, and the run passes."""
    if build.debug_checks:
        pytest.skip("the kernel is built with -Ddebug_checks=true")
    run("hello", cmdline=f"selftest={name}").lines.once("hello pass.")


def test_user_memory_with_smap(run):
    """The same with SMAP, where the processor detects it. (D19)"""
    run("hello", cmdline="selftest=userread", cpu="max", expect=PANIC).lines.once(
        f"    {MISTAKES['userread'].message}")


def test_stack_overflow(run):
    """The double-fault task has a stack left, and says whose there is none of. (D38)"""
    lines = run("hello", cmdline="selftest=overflow", expect=PANIC).lines
    lines.once(re.compile('^    kernel stack overflow of pid 1 "init": 0xfb[0-9a-f]{6}$'))
    frames = [site for _, site in backtrace(lines)]
    assert len(frames) == FRAMES_MOST
    frames = list(dropwhile(lambda site: site.file in CALLED_FOR_CHECKS, frames))
    assert {site.function for site in frames} == {"recurse"} and all(site.is_in_function() for site in frames)
    assert lines.lines[-1] == STOPS


# What selftest=leak never frees, and the line of plant_leak() that allocates it.
LEAKS = {"heap objects of kmalloc-128": "kmalloc(BYTES);",
         "frames of other kernel uses": "page_alloc(PAGE_OTHER);",
         "frames of user memory": "page_alloc(PAGE_USER);"}


def test_leak(run, build):
    """After a good run the ledger reports count, account and call site; the status is 39. (D28, D29)"""
    out = run("hello", cmdline="selftest=leak", expect=CHECK_FAILED)
    out.lines.in_order("hello pass.", "all user-mode processes have quit.", re.compile("^kernel check failed"))
    out.lines.never("init check memory pass.")
    assert out.lines.count(re.compile("^kernel check failed")) == len(LEAKS)
    for what, source in LEAKS.items():
        said = assert_lines(out.lines, [rf"kernel check failed: leaked 1 {what} \(base \d+, now \d+\)",
                                        *(["    1 taken at .*"] if build.debug_checks else [])])
        if build.debug_checks and build.buildtype != "release":  # there one function is part of another
            site = Site.parse(said[1].removeprefix("    1 taken at "))
            assert (site.function, site.source()) == ("plant_leak", source) and site.is_in_function()
    assert bool(out.lines.all(re.compile("taken at"))) == build.debug_checks
