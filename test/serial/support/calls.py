# SPDX-License-Identifier: MIT
"""System calls in the trace: their results, and the events during a call."""

from collections.abc import Iterator

from ucow.history import Call
from ucow.trace import Record, Trace

FIRST = 2  # the pid of the first program
PACE = ["-icount", "shift=7,sleep=off"]  # fixed even for slow kernels; QEMU keeps it exactly on a busy host
TICK = 10_000_000  # time stamps in a tick of 10 ms: under -icount QEMU's counter counts virtual nanoseconds


def calls(trace: Trace, *names: str, pid: int = FIRST) -> list[Call]:
    """The calls of process `pid` with these names, in order. Without names, all calls."""
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
    """The results of all calls `name` of process `pid`, in order."""
    return [call.result for call in calls(trace, name, pid=pid)]


def call_around(trace: Trace, record: Record) -> Call | None:
    """The call that the process was in when it caused `record`; None if it was in user mode."""
    earlier = [call for call in calls(trace, pid=record.cpu_pid) if call.enter.seq < record.seq]
    last = earlier[-1] if earlier else None
    return last if last and (last.leave is None or record.seq < last.leave.seq) else None


def with_calls(trace: Trace, *names: str) -> Iterator[tuple[Record, dict[int, str]]]:
    """Each event with one of these names, with the system calls that processes are in at that time, by pid."""
    inside: dict[int, str] = {}
    for record in trace.of("syscall_enter", "syscall_leave", *names):
        if record.name == "syscall_enter":
            inside[record.cpu_pid] = record.shown("nr")
        elif record.name == "syscall_leave":
            inside.pop(record.cpu_pid, None)
        else:
            yield record, inside


def by(records: list[Record], pid: int) -> list[Record]:
    """The records that were made while `pid` ran."""
    return [record for record in records if record.cpu_pid == pid]


def between(trace: Trace, first: Record, last: Record, *names: str) -> list[Record]:
    """The events with these names after `first` and before `last`."""
    return [record for record in trace.of(*names) if first.seq < record.seq < last.seq]


def last_exit(trace: Trace, pid: int) -> Record:
    """The exit event of a process."""
    return trace.one("exit", pid=pid)
