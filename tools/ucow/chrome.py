# SPDX-License-Identifier: MIT
"""A trace as Chrome trace JSON, which https://ui.perfetto.dev opens.

A track per process with a slice for each time it runs; instant marks for its events; arrows from
fork to the child's first run, from exit to the reap, from kill to the exit; counters.
"""

from typing import Any

from .invariants import IDLE, INIT
from .trace import Record, Trace

TICK_MICROSECONDS = 10_000
MACHINE = 1  # the one "process" of the JSON; ours are its threads
NAMES = {IDLE: "idle", INIT: "init"}

# What a slice or a counter already shows is not marked again.
NOT_MARKED = {"state", "switch"}


class _Exporter:
    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.per_microsecond = trace.tsc_per_tick / TICK_MICROSECONDS or 1000  # QEMU's icount: 1 GHz
        self.events: list[dict[str, Any]] = []
        self.arrows = 0

    def time(self, record: Record) -> float:
        return record.stamp / self.per_microsecond

    def add(self, ph: str, name: str, pid: int, record: Record, **more: Any) -> None:
        self.events.append({"ph": ph, "name": name, "pid": MACHINE, "tid": pid, "ts": self.time(record), **more})

    def arrow(self, name: str, start: Record, from_pid: int, end: Record, to_pid: int) -> None:
        self.arrows += 1
        self.add("s", name, from_pid, start, cat="life", id=self.arrows)
        self.add("f", name, to_pid, end, cat="life", id=self.arrows, bp="e")

    def tracks(self) -> None:
        pids = sorted({pid for record in self.trace for pid in (record.cpu_pid, *record.pids)})
        for pid in pids:
            name = {"name": f"{pid} {NAMES.get(pid, '')}".strip()}
            self.events.append({"ph": "M", "name": "thread_name", "pid": MACHINE, "tid": pid, "args": name})

    def slices(self) -> None:
        since = self.trace.records[0]
        has_cpu = since.cpu_pid
        for record in [*self.trace.of("switch"), self.trace.records[-1]]:
            self.add("X", "RUNNING", has_cpu, since, dur=self.time(record) - self.time(since))
            if record.name == "switch":
                since, has_cpu = record, record["to"]

    def marks(self) -> None:
        for record in self.trace:
            if record.name not in NOT_MARKED:
                fields = {field.name: field.show(raw) for field, raw in zip(record.event.fields, record.raw)}
                self.add("i", record.name, record.cpu_pid, record, s="t", args=fields)

    def life(self) -> None:
        forks: dict[int, Record] = {}
        exits: dict[int, Record] = {}
        kills: dict[int, Record] = {}
        for record in self.trace.of("fork", "switch", "kill", "exit", "reap"):
            match record.name:
                case "fork":
                    forks[record.child] = record
                case "switch" if fork := forks.pop(record["to"], None):
                    self.arrow("fork", fork, fork.parent, record, record["to"])
                case "kill":
                    kills[record.pid] = record
                case "exit":
                    exits[record.pid] = record
                    if kill := kills.pop(record.pid, None):
                        self.arrow("kill", kill, kill.by, record, record.pid)
                case "reap" if end := exits.pop(record.child, None):
                    self.arrow("exit", end, record.child, record, record.parent)

    def counters(self) -> None:
        runnable: set[int] = set()
        for record in self.trace.of("state"):
            (runnable.add if record.shown("to") in ("RUNNABLE", "RUNNING") else runnable.discard)(record.pid)
            self.add("C", "runnable processes", MACHINE, record, args={"processes": len(runnable - {IDLE})})
        # The kernel tells the number of free pages only when it starts and ends; faults tell some
        # of what is taken in between, and nothing tells what is given back.
        for record in self.trace.of("boot", "end"):
            self.add("C", "free pages", MACHINE, record, args={"pages": record.free})
        taken = 0
        for record in self.trace.of("fault"):
            if record.shown("outcome") in ("fill", "copy", "swap_in"):
                taken += 1
                self.add("C", "pages taken by faults", MACHINE, record, args={"pages": taken})


def export_chrome(trace: Trace) -> dict[str, Any]:
    """The trace as a Chrome trace object, ready for json.dump."""
    exporter = _Exporter(trace)
    if trace.records:
        exporter.tracks()
        exporter.slices()
        exporter.marks()
        exporter.life()
        exporter.counters()
    return {"traceEvents": exporter.events, "displayTimeUnit": "ns", "otherData": {"lost records": trace.lost}}
