# SPDX-License-Identifier: MIT
"""The lives of processes, put together from a trace.

A pid can be used again, so a process is not a pid here but a Life: what happened between a fork and the reap of the
child. Tools that draw a trace read lives; they need not follow single records.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .invariants import IDLE, INIT
from .trace import Record, Trace

KERNEL_NAMES = {IDLE: "idle", INIT: "init"}


@dataclass
class Stay:
    """A state that a process is in from `start` until `end`, and for a sleep, the system call that sleeps."""
    state: str
    start: Record
    end: Record
    why: str = ""


@dataclass
class Call:
    """One system call of one process; `leave` is None if it did not return."""
    enter: Record
    leave: Record | None = None

    @property
    def name(self) -> str:
        return self.enter.shown("nr")

    @property
    def result(self) -> int | None:
        return self.leave["result"] if self.leave else None


@dataclass(eq=False)
class Life:
    """One process, from its fork until its reap or the end of the trace."""
    pid: int
    name: str
    parent: "Life | None" = None
    fork: Record | None = None
    first_run: Record | None = None
    exit: Record | None = None
    reap: Record | None = None
    children: list["Life"] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.pid} {self.name}".strip()

    def families(self) -> Iterator["Life"]:
        """This life and its descendants: each child follows its parent, the eldest first."""
        waiting = [self]
        while waiting:
            life = waiting.pop()
            yield life
            waiting.extend(reversed(life.children))


class History:
    """All lives of a trace. A process whose fork the ring has lost begins with the first record about it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.lives: list[Life] = []
        self._now: dict[int, Life] = {}
        self._state: dict[int, tuple[str, Record]] = {}
        # Which life each record runs in, by its place in the trace: a pid alone does not say it.
        self.actors: list[Life] = []
        for record in trace:
            self.actors.append(self.life(record.cpu_pid))
            if follow := getattr(self, f"_on_{record.name}", None):
                follow(record)
        for pid in list(self._state):
            self._stay_ends(pid, trace.records[-1])

    def life(self, pid: int) -> Life:
        """The process that has this pid at the record that was read last."""
        if pid not in self._now:
            parent = self._now.get(IDLE) if pid == INIT else None
            self._begin(Life(pid, KERNEL_NAMES.get(pid, ""), parent))
        return self._now[pid]

    def in_family_order(self) -> list[Life]:
        """Every life, each after its parent."""
        return [life for root in self.lives if root.parent is None for life in root.families()]

    def _begin(self, life: Life) -> None:
        self._now[life.pid] = life
        self.lives.append(life)
        if life.parent:
            life.parent.children.append(life)

    def _stay_ends(self, pid: int, end: Record) -> None:
        state, start = self._state.pop(pid)
        self.life(pid).stays.append(Stay(state, start, end, self._sleeps_in(pid) if state == "SLEEPING" else ""))

    def _sleeps_in(self, pid: int) -> str:
        calls = self.life(pid).calls
        return calls[-1].name if calls and calls[-1].leave is None else ""

    def _on_fork(self, record: Record) -> None:
        parent = self.life(record.parent)
        if known := self._now.get(record.child):
            if known.fork is None and known.first_run is None and record.child in KERNEL_NAMES:
                known.fork = record
                return
        name = KERNEL_NAMES.get(record.child, "" if parent.pid in KERNEL_NAMES else parent.name)
        self._begin(Life(record.child, name, parent, fork=record))

    def _on_exec(self, record: Record) -> None:
        if "name" in record.event.place:
            self.life(record.pid).name = record.shown("name")

    def _on_switch(self, record: Record) -> None:
        life = self.life(record["to"])
        life.first_run = life.first_run or record

    def _on_state(self, record: Record) -> None:
        pid = record.pid
        if pid in self._state:
            self._stay_ends(pid, record)
        elif record.shown("from") != "UNINIT":  # the ring has lost how it came into this state
            self.life(pid).stays.append(Stay(record.shown("from"), self.trace.records[0], record))
        if record.shown("to") != "GONE":
            self._state[pid] = (record.shown("to"), record)

    def _on_syscall_enter(self, record: Record) -> None:
        self.life(record.cpu_pid).calls.append(Call(record))

    def _on_syscall_leave(self, record: Record) -> None:
        calls = self.life(record.cpu_pid).calls
        if calls and calls[-1].leave is None:
            calls[-1].leave = record

    def _on_exit(self, record: Record) -> None:
        self.life(record.pid).exit = record

    def _on_reap(self, record: Record) -> None:
        life = self.life(record.child)
        life.reap = record
        if record.child in self._state:
            self._stay_ends(record.child, record)
        del self._now[record.child]
