# SPDX-License-Identifier: MIT
"""The machine of a run once more, stopped at a moment of it.

It is booted again under QEMU's debugger stub. Each stop takes some of the machine's time, more on a busy host, so that
later ticks come at other moments. An event of a trace takes no stop before it: the machine is stopped when it writes the
place in the ring which that event has. Other moments are looked for wherever a function is called; same_events() tells
whether the machine has done the same as the run until then.
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
from .symbols import KERNBASE, Symbols, physical
from .trace import HEADER, RECORD, RECORD_WORDS, Event, Format, Record, RingHeader, Trace, need_trace

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
BUFFER_AT, NEXT_AT = 16, 24  # of `buffer_pa` and `next` in struct trace_ring: kernel/watch/trace.h
HEAD_AT = 8                  # of `head` in struct trace_record, which is written first: kernel/watch/trace_record.h
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


class Debugged:
    """A machine that is stopped and continued by the stub."""

    def __init__(self, live: Live, stub: Stub, deadline: float) -> None:
        self.live, self.stub, self._deadline = live, stub, deadline
        self.symbols = symbols_of(live.machine.elf)
        need_trace(self.symbols)
        self.memory = FileMemory(live.memory_file)
        self.ring_address = self.symbols.address("trace_ring")

    def go_on(self, where: int | None = None) -> None:
        """Continue to the next stop, from the breakpoint at `where`."""
        if not (self.stub.go_on(where) or "").startswith("T"):
            raise LabError("the machine ended before it got there again")
        if time.monotonic() > self._deadline:
            raise LabError("it takes too long to get there again")

    def go_on_to_store(self, address: int, done: Callable[[], bool]) -> None:
        """Continue until a store of the word at an address makes `done()` true."""
        self.stub.set_watchpoint(address)
        self.go_on()
        while not done():
            self.go_on()
        self.stub.remove_watchpoint(address)

    def ring(self) -> RingHeader:
        return RingHeader(self.memory.read(physical(self.ring_address), HEADER.size))


# Continues a machine, which has not begun to run, to a moment. Raises LabError if it does not get there.
Until = Callable[[Debugged], None]


def until_event(trace: Trace, at: Record) -> Until:
    """An event of a trace that has lost none: it has just been recorded, with those that are recorded together with it."""
    def go(machine: Debugged) -> None:
        # Before the kernel has set its timer, and so without consequences.
        machine.go_on_to_store(machine.ring_address + BUFFER_AT, lambda: bool(machine.ring().buffer))
        head = machine.ring().buffer + at.seq * RECORD.size + HEAD_AT
        kind = bytes(number for number, event in trace.format.events.items() if event == at.event)
        machine.go_on_to_store(head + KERNBASE, lambda: machine.memory.read(head, 1) == kind)
        machine.go_on_to_store(machine.ring_address + NEXT_AT, lambda: bool(machine.ring().next > at.seq))
    return go


def until_called(function: str, reached: Callable[[Live, Ring], bool]) -> Until:
    """The first call of a function at which `reached` is true."""
    def go(machine: Debugged) -> None:
        where = machine.symbols.address(function)
        ring = Ring(machine.memory, machine.symbols)
        machine.stub.set_breakpoint(where)
        machine.go_on()
        while not reached(machine.live, ring):
            machine.go_on(where)
    return go


def until_printed(count: int) -> Until:
    """The first system call after so many bytes are printed."""
    return until_called(SYSCALL.function, lambda live, _: live.printed_bytes >= count)


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
            debugged = Debugged(live, Stub(mine), time.monotonic() + seconds)
            try:
                until(debugged)
            finally:
                debugged.memory.close()
            yield live


def same_events(run: Trace, again: Trace) -> bool:
    """Whether a machine that was stopped has done what the run did until then: the same events of the same processes."""
    first, second = ([(record.cpu_pid, record.name) for record in trace if record.name != MEASURED]
                     for trace in (run, again))
    return first[:len(second)] == second


def nth_of_kind(trace: Trace, wanted: Record) -> int:
    """Which of its kind an event is, from 1. Only for a trace that has lost none."""
    return sum(record.name == wanted.name and record.seq <= wanted.seq for record in trace)
