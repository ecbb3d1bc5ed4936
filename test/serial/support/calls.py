# SPDX-License-Identifier: MIT
"""System calls in the trace: their results, and what happened while they lasted."""

from collections.abc import Iterator
from dataclasses import dataclass

from ucow.trace import Record, Trace

FIRST = 2  # the pid of the first program
PACE = ["-icount", "shift=7,sleep=off"]  # of slow kernels, too: QEMU keeps it exactly on a busy host
TICK = 10_000_000  # a tick of 10 ms in stamps: under -icount QEMU's time stamp counter counts virtual nanoseconds


@dataclass
class Call:
    """One system call of one process; `leave` is None when it did not come back."""
    enter: Record
    leave: Record | None = None

    @property
    def name(self) -> str:
        return self.enter.shown("nr")

    @property
    def result(self) -> int | None:
        return self.leave.result if self.leave else None


def calls(trace: Trace, *names: str, pid: int = FIRST) -> list[Call]:
    """The calls of process `pid` with these names, all without names, in order."""
    found: list[Call] = []
    for record in trace.of("syscall_enter", "syscall_leave"):
        if record.cpu_pid != pid:
            continue
        if record.name == "syscall_enter":
            found.append(Call(record))
        else:
            found[-1].leave = record
    return [call for call in found if not names or call.name in names]


def results(trace: Trace, name: str, pid: int = FIRST) -> list[int | None]:
    """What each call `name` of process `pid` came to, in order."""
    return [call.result for call in calls(trace, name, pid=pid)]


def call_around(trace: Trace, record: Record) -> Call | None:
    """The call that the process was in when it caused `record`; None: its program did it."""
    earlier = [call for call in calls(trace, pid=record.cpu_pid) if call.enter.seq < record.seq]
    last = earlier[-1] if earlier else None
    return last if last and (last.leave is None or record.seq < last.leave.seq) else None


def with_calls(trace: Trace, *names: str) -> Iterator[tuple[Record, dict[int, str]]]:
    """Each event of these kinds, with the system calls that processes are in just then, by pid."""
    inside: dict[int, str] = {}
    for record in trace.of("syscall_enter", "syscall_leave", *names):
        if record.name == "syscall_enter":
            inside[record.cpu_pid] = record.shown("nr")
        elif record.name == "syscall_leave":
            inside.pop(record.cpu_pid, None)
        else:
            yield record, inside


def by(records: list[Record], pid: int) -> list[Record]:
    """Those of the records that happened while `pid` ran."""
    return [record for record in records if record.cpu_pid == pid]


def between(trace: Trace, first: Record, last: Record, *names: str) -> list[Record]:
    """The events of these kinds after `first` and before `last`."""
    return [record for record in trace.of(*names) if first.seq < record.seq < last.seq]


def last_exit(trace: Trace, pid: int) -> Record:
    """The one exit of a process."""
    return trace.one("exit", pid=pid)
