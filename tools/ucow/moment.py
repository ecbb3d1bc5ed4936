# SPDX-License-Identifier: MIT
"""The machine of a run once more, stopped at a moment of it.

It is booted again under QEMU's debugger stub, and stopped wherever the kernel records an event like one of the run,
until it has got to that one. The stops take time, so time stamps differ from those of the run, and in a long run the ticks come
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
from .trace import HEADER, RECORD, RECORD_WORDS, Event, Format, Record, RingHeader, Trace

MEASURED = "peak"  # an event about durations: their number differs, too


class Place(NamedTuple):
    """A function of the kernel at whose beginning an event happens, or is recorded by then. One that is `shared` records
    events of several kinds, and has the parameter `event`. An event that is recorded inline is `watched`: whenever the
    ring, which stands for the function, has got a record."""
    function: str
    recorded: bool = False
    shared: bool = False
    watched: bool = False


SYSCALL = Place("do_traced_syscall")
RING = Place("trace_ring", recorded=True, watched=True)
NEXT_AT = 24  # of `next` in struct trace_ring: kernel/watch/trace.h
INLINE = ("state", "switch")  # kernel/proc/proc.c and sched.c: TRACE_IRQ_OFF and trace_begin_run()


def place_of(event: Event) -> Place:
    """Where events of a kind happen: kernel/watch/trace.h and kernel/arch/i386/trap.c."""
    if event.name == "syscall_enter":
        return SYSCALL
    if event.name == "syscall_leave":
        return Place("trap_return", recorded=True)
    if event.name in INLINE:
        return RING
    words = RECORD_WORDS if event.fields and event.fields[-1].style == "text" else len(event.fields)
    return Place(f"trace_record{max(words, 2)}", shared=True)


class Ring:
    """The ring in the memory of a machine that is stopped again and again."""

    def __init__(self, memory: FileMemory, symbols: Symbols) -> None:
        self._memory, self._address = memory, physical(symbols.address("trace_ring"))
        fmt = Format(symbols.text("trace_format"))
        self._measured = next(number for number, event in fmt.events.items() if event.name == MEASURED)
        self._read = 0
        self._counted = 0

    def events(self) -> int:
        """How many events have been recorded, without those that are MEASURED."""
        header = RingHeader(self._memory.read(self._address, HEADER.size))
        while self._read < header.next:
            at = header.buffer + self._read % header.capacity * RECORD.size
            self._counted += RECORD.unpack(self._memory.read(at, RECORD.size))[1] != self._measured
            self._read += 1
        return self._counted


class Until(NamedTuple):
    """Where to stop a machine, and what tells that it is the moment."""
    place: Place
    reached: Callable[[Live, Ring], bool]


def until_event(trace: Trace, at: Record) -> Until:
    """An event of a trace that has lost none: it is about to be recorded, or has just been."""
    place = place_of(at.event)
    before = sum(record.seq < at.seq and record.name != MEASURED for record in trace)
    return Until(place, lambda _, ring: ring.events() >= before + place.recorded)


def until_printed(count: int) -> Until:
    """The first system call after so many bytes are printed."""
    return Until(SYSCALL, lambda live, _: live.printed_bytes >= count)


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
    if until.place.function not in symbols or "trace_ring" not in symbols:
        raise LabError("the kernel is built without the trace")
    where = None if until.place.watched else symbols.address(until.place.function)
    if where is None:
        stub.set_watchpoint(symbols.address("trace_ring") + NEXT_AT)
    else:
        stub.set_breakpoint(where)
    memory = FileMemory(live.memory_file)
    ring = Ring(memory, symbols)
    try:
        answer = stub.go_on(None)
        while (answer or "").startswith("T"):
            if until.reached(live, ring):
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
