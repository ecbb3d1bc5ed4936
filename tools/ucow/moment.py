# SPDX-License-Identifier: MIT
"""The machine of a run once more, stopped at a moment of it.

It is booted again under QEMU's debugger stub, and stopped wherever the kernel records an event of one kind, until it has
got to the right one. The stops take time, so time stamps differ from those of the run, and in a long run the ticks come
at other moments; same_events() tells whether the machine has done the same until then.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from . import LabError
from .machine import Live, Machine, symbols_of
from .memory import FileMemory
from .stub import Stub
from .symbols import Symbols, physical
from .trace import HEADER, RECORD, Event, Format, Record, RingHeader, Trace

EAX = 0            # its number in the stub's protocol
MEASURED = "peak"  # an event about durations: they differ


class Place(NamedTuple):
    """A function of the kernel at whose beginning an event of a kind happens. Unless it is `recorded` by then, the
    function records events of several kinds, and the number of this one's is in eax."""
    function: str
    recorded: bool


def place_of(event: Event) -> Place:
    """Where events of a kind happen: kernel/watch/trace.h and kernel/arch/i386/trap.c."""
    if event.name == "syscall_enter":
        return Place("syscall", True)
    if event.name == "syscall_leave":
        return Place("trap_return", True)
    words = len(event.fields)
    return Place("trace_record2" if words <= 2 else "trace_record3" if words == 3 else "trace_record5", False)


class Ring:
    """The end of a ring in the memory of a machine that is stopped."""

    def __init__(self, memory: FileMemory, symbols: Symbols) -> None:
        self._memory, self._address = memory, physical(symbols.address("trace_ring"))

    def last(self) -> tuple[int, int]:
        """How many events are recorded, and the kind of the last one."""
        header = RingHeader(self._memory.read(self._address, HEADER.size))
        if header.next == 0:
            return 0, -1
        record = self._memory.read(header.buffer + (header.next - 1) % header.capacity * RECORD.size, RECORD.size)
        return header.next, RECORD.unpack(record)[1]


Reached = Callable[[Live, Stub, Ring], bool]


class Until(NamedTuple):
    """Where to stop a machine, and what tells that it is the moment."""
    function: str
    reached: Reached


def until_event(fmt: Format, kind: str, nth: int) -> Until:
    """The n-th event of a kind, from 1: it is about to be recorded, or has just been."""
    event = fmt.pattern(kind).event
    number = next(number for number, other in fmt.events.items() if other is event)
    place = place_of(event)
    seen, last = 0, 0

    def reached(_: Live, stub: Stub, ring: Ring) -> bool:
        nonlocal seen, last
        if not place.recorded:
            seen += stub.register(EAX) == number
        else:
            count, newest = ring.last()
            seen += newest == number and count > last
            last = count
        return seen == nth
    return Until(place.function, reached)


def until_printed(count: int) -> Until:
    """The first system call after so many bytes are printed."""
    return Until("syscall", lambda live, _, __: live.printed_bytes >= count)


@contextmanager
def stopped(machine: Machine, until: Until, seconds: float) -> Iterator[Live]:
    """The machine, booted again and stopped at a moment. Raises LabError if it does not get there before its end, or
    within so many seconds."""
    mine, other = socket.socketpair()
    extra = [*machine.extra, "-icount", "sleep=on", "-S", "-chardev", f"socket,id=stub,fd={other.fileno()}",
             "-gdb", "chardev:stub"]
    with mine:
        with other:
            live = Live(replace(machine, extra=extra), seconds, (other.fileno(),))
        with live:
            _run(live, Stub(mine), until, time.monotonic() + seconds)
            yield live


def _run(live: Live, stub: Stub, until: Until, deadline: float) -> None:
    symbols = symbols_of(live.machine.elf)
    if until.function not in symbols or "trace_ring" not in symbols:
        raise LabError("the kernel is built without the trace")
    where = symbols.address(until.function)
    stub.set_breakpoint(where)
    memory = FileMemory(live.memory_file)
    try:
        answer = stub.go_on(None)
        while (answer or "").startswith("T"):
            if until.reached(live, stub, Ring(memory, symbols)):
                return
            if time.monotonic() > deadline:
                raise LabError("it takes too long to get there again")
            answer = stub.go_on(where)
    finally:
        memory.close()
    raise LabError("the machine ended before it got there again")


def same_events(run: Trace, again: Trace) -> bool:
    """Whether a machine that was stopped has done what the run did until then: the same events of the same processes."""
    first, second = ([(record.cpu_pid, record.name) for record in trace if record.name != MEASURED]
                     for trace in (run, again))
    return first[:len(second)] == second


def nth_of_kind(trace: Trace, wanted: Record) -> int:
    """Which of its kind an event is, from 1. Only for a trace that has lost none."""
    return sum(record.name == wanted.name and record.seq <= wanted.seq for record in trace)
