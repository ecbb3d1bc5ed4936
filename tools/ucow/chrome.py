# SPDX-License-Identifier: MIT
"""A trace as Chrome trace JSON, which https://ui.perfetto.dev opens.

Each process has two tracks, under its pid and name and after its parent: `state`, a slice for each state it was in,
and `calls`, a slice for each system call, with marks for its faults and other events. Arrows lead from fork to the
child's first run, from a wake-up to the run that follows, from exit to the reap, from kill to the exit, and from
the fork that shared a page to its copy. Counters show free pages, runnable processes, shared pages and pages in swap (as `tools/pages` counts them), pages copied and
slots written.

The format: "Trace Event Format", Google, 2016.
"""

from typing import Any

from .history import Call, History, Life
from .invariants import IDLE, INIT
from .pages import TABLE_BYTES
from .strace import arguments, error_of
from .trace import Record, Trace
from .world import World

TICK_MICROSECONDS = 10_000
STATE, CALLS = 1, 2   # the threads of a process
COUNTERS = 0          # the process of the counters; those of lives begin after it

# A slice, an arrow or a counter already shows these.
NOT_MARKED = {"state", "switch", "syscall_enter", "syscall_leave"}


class Exporter:
    """Makes the events of the export, a kind of them with each method."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.history = History(trace)
        self.per_microsecond = trace.tsc_per_tick / TICK_MICROSECONDS or 1000  # QEMU's icount: 1 GHz
        self.events: list[dict[str, Any]] = []
        self.arrows = 0
        self.counted: dict[str, int] = {}  # the latest value of each counter
        # A pid may be used twice, so a life has a number of its own: its place among families.
        self.number = {id(life): i for i, life in enumerate(self.history.in_family_order(), 1)}

    def time(self, record: Record) -> float:
        return record.stamp / self.per_microsecond

    def add(self, ph: str, name: str, life: Life | None, thread: int, record: Record, **more: Any) -> None:
        number = COUNTERS if life is None else self.number[id(life)]
        self.events.append({"ph": ph, "name": name, "pid": number, "tid": thread, "ts": self.time(record), **more})

    def slice(self, name: str, life: Life, thread: int, start: Record, end: Record, **arguments: Any) -> None:
        self.add("X", name, life, thread, start, dur=self.time(end) - self.time(start), args=arguments)

    def arrow(self, name: str, source: Life, start: Record, target: Life, end: Record) -> None:
        """An arrow between two state tracks: from the slice that contains `start` to the one that begins at `end`."""
        self.arrows += 1
        self.add("s", name, source, STATE, start, cat="life", id=self.arrows)
        self.add("f", name, target, STATE, end, cat="life", id=self.arrows, bp="e")

    def count(self, name: str, unit: str, record: Record, value: int) -> None:
        """A counter has this value from now on."""
        if self.counted.get(name) != value:
            self.counted[name] = value
            self.add("C", name, None, 0, record, args={unit: value})

    def names(self) -> None:
        def name(kind: str, number: int, thread: int, **arguments: Any) -> None:
            self.events.append({"ph": "M", "name": kind, "pid": number, "tid": thread, "args": arguments})
        name("process_name", COUNTERS, 0, name="machine")
        for life in self.history.lives:
            number = self.number[id(life)]
            name("process_name", number, 0, name=life.title)
            name("process_sort_index", number, 0, sort_index=number)
            name("thread_name", number, STATE, name="state")
            name("thread_name", number, CALLS, name="calls")

    def states(self) -> None:
        for life in self.history.lives:
            for stay in life.stays:
                why = stay.why or self._sleeps_outside_calls(life)
                name = f"{stay.state} in {why}" if stay.state == "SLEEPING" and why else stay.state
                self.slice(name, life, STATE, stay.start, stay.end)

    def _sleeps_outside_calls(self, life: Life) -> str:
        """What a process waits in that is in no system call: init for its children, and a program for the disk."""
        if life.pid == INIT:
            return "wait"
        return "a page fault" if not self.trace.lost else ""

    def calls(self) -> None:
        last = self.trace.records[-1]
        for life in self.history.lives:
            for call in life.calls:
                end = call.leave or self._end_of(life, call) or last
                self.slice(call.name, life, CALLS, call.enter, end, **self._arguments(call))

    def _end_of(self, life: Life, call: Call) -> Record | None:
        """Where a call that never returned ends: at the next call (exec), or when the process ended."""
        after = [other.enter for other in life.calls if other.enter.seq > call.enter.seq]
        return after[0] if after else life.exit

    @staticmethod
    def _arguments(call: Call) -> dict[str, Any]:
        shown: dict[str, Any] = arguments(call.enter) | {"eip": f"{call.enter['eip']:#x}"}
        if call.result is not None:
            error = error_of(call.name, call.result)
            shown |= {"result": call.result} | ({"error": error} if error else {})
        return shown

    def lost(self) -> None:
        """A mark at the beginning, if the ring has lost what was before."""
        if self.trace.lost:
            self.add("i", f"{self.trace.lost} earlier events are lost", None, 0, self.trace.records[0], s="g")

    def marks(self) -> None:
        for life, record in zip(self.history.actors, self.trace):
            if record.name not in NOT_MARKED:
                fields = {field.name: field.show(raw) for field, raw in zip(record.event.fields, record.raw)}
                name = f"fault: {record.shown('outcome')}" if record.name == "fault" else record.name
                self.add("i", name, life, CALLS, record, s="t", args=fields)

    def arrows_of_lives(self) -> None:
        for life in self.history.lives:
            if life.fork and life.first_run and life.parent:
                self.arrow("fork", life.parent, life.fork, life, life.first_run)
        now: dict[int, Life] = {}
        kills: dict[Life, tuple[Life, Record]] = {}
        wakes: dict[Life, tuple[Life, Record]] = {}
        born = {life.fork.seq: life for life in self.history.lives if life.fork}
        for actor, record in zip(self.history.actors, self.trace):
            now[actor.pid] = actor
            match record.name:
                case "fork" if record.seq in born:
                    now[record.child] = born[record.seq]
                case "kill" if victim := now.get(record.pid):
                    kills[victim] = actor, record
                case "exit" if kill := kills.pop(actor, None):
                    self.arrow("kill", *kill, actor, record)
                case "wake" if sleeper := now.get(record.pid):
                    wakes[sleeper] = actor, record
                case "switch" if (runs := now.get(record["to"])) and (wake := wakes.pop(runs, None)):
                    self.arrow("wake", *wake, runs, record)
                case "reap" if (child := now.get(record.child)) and child.exit:
                    self.arrow("exit", child, child.exit, actor, record)

    def arrows_of_copies(self) -> None:
        """From the latest fork of this process, or by it, that shared the page or its table: to the copy."""
        shares: dict[Life, list[Record]] = {}   # since the last fork of a parent
        shared: dict[Life, list[tuple[Life, Record]]] = {}
        born = {life.fork.seq: life for life in self.history.lives if life.fork}
        for actor, record in zip(self.history.actors, self.trace):
            if record.name in ("share", "table_share"):
                shares.setdefault(actor, []).append(record)
            elif record.name == "fork":
                child = born.get(record.seq)
                for share in shares.pop(actor, []):
                    if child:
                        shared.setdefault(actor, []).append((child, share))
                        shared.setdefault(child, []).append((actor, share))
            elif record.name == "page_copy":
                inside = [(other, share) for other, share in shared.get(actor, []) if record["va"] in _range(share)]
                if inside:
                    other, share = inside[-1]
                    start = max(share, other.stays[0].start, key=lambda record: record.seq)
                    self.arrow("copy", other, start, actor, record)

    def counters(self) -> None:
        runnable: set[int] = set()
        slots: set[int] = set()
        copies = 0
        for record in self.trace:
            match record.name:
                case "state":
                    is_ready = record.shown("to") in ("RUNNABLE", "RUNNING")
                    (runnable.add if is_ready else runnable.discard)(record.pid)
                    self.count("runnable processes", "processes", record, len(runnable - {IDLE}))
                case "page_copy":
                    copies += 1
                    self.count("pages copied", "pages", record, copies)
                case "evict":
                    slots.add(record["slot"])
                    self.count("slots written", "slots", record, len(slots))
            if record.free_frames is not None:
                self.count("free pages", "pages", record, record.free_frames)

    def counters_of_pages(self) -> None:
        """What processes share and have on the disk: known if the ring has lost nothing."""
        world = World()
        for record in [] if self.trace.lost else self.trace.records:
            world.follow(record)
            self.count("shared pages", "pages", record, world.counts.shared)
            self.count("pages in swap", "pages", record, world.counts.swapped)


def _range(share: Record) -> range:
    """The addresses of a share or a table_share."""
    return range(share["va"], share["va"] + TABLE_BYTES) if share.name == "table_share" else range(share["start"], share["end"])


def export_chrome(trace: Trace) -> dict[str, Any]:
    """The trace as a Chrome trace object, ready for json.dump."""
    exporter = Exporter(trace)
    if trace.records:
        exporter.names()
        exporter.states()
        exporter.calls()
        exporter.lost()
        exporter.marks()
        exporter.arrows_of_lives()
        exporter.arrows_of_copies()
        exporter.counters()
        exporter.counters_of_pages()
    return {"traceEvents": exporter.events, "displayTimeUnit": "ns", "otherData": {"lost records": trace.lost}}
