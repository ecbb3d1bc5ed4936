# SPDX-License-Identifier: MIT
"""What messages call the addresses and processes of a trace: a page by what it is, a pid with its program."""

from bisect import bisect_right

from .trace import Record, Trace

PAGE_BYTES, USERTOP = 4096, 0xB0000000
STACK_BASE = USERTOP - 256 * PAGE_BYTES
KERNEL_NAMES = {0: "idle", 1: "init"}
WRITE, EXECUTE = 2, 4  # VM_* of the event `map`


def page_name(va: int, trace: Trace | None = None) -> str:
    """The page of a user address, and what it is; with a trace, also in a program."""
    page = va & -PAGE_BYTES
    return f"{page:#010x} ({_kind(page, trace)})"


def region_name(page: int, flags: int, source: int) -> str:
    """What a page is whose region has these flags, VM_*, and this object, or 0 for memory that began as zeros."""
    if page == USERTOP - PAGE_BYTES:
        return "the stack's top page"
    if STACK_BASE <= page < USERTOP:
        return "a page of the stack"
    if not source:
        return "memory that began as zeros"
    return "the program's " + ("text" if flags & EXECUTE else "data" if flags & WRITE else "constants")


def _kind(page: int, trace: Trace | None) -> str:
    regions = (record for record in trace.records if record.name == "map") if trace else ()
    region = next((record for record in regions if record.start <= page < record.end), None)
    if region is None and page < STACK_BASE:
        return "not on the stack"
    return region_name(page, region.flags if region else 0, region.object if region else 0)


class Programs:
    """The program that each process of a trace ran, at each event."""

    def __init__(self, trace: Trace) -> None:
        self._names: dict[int, list[tuple[int, str]]] = {pid: [(0, name)] for pid, name in KERNEL_NAMES.items()}
        for record in trace.records:
            if record.name == "fork" and record.child not in KERNEL_NAMES:
                self._add(record.child, record.seq, self.of(record.parent, record.seq))
            elif record.name == "exec" and "name" in record.event.place:
                self._add(record.pid, record.seq, record.shown("name"))

    def _add(self, pid: int, seq: int, name: str) -> None:
        self._names.setdefault(pid, []).append((seq, name))

    def of(self, pid: int, seq: int) -> str:
        """The program, or an empty text if the trace does not tell."""
        known = self._names.get(pid, [])
        place = bisect_right(known, seq, key=lambda entry: entry[0])
        return known[place - 1][1] if place else ""

    def name(self, pid: int, seq: int) -> str:
        """A pid with the program that it runs at an event."""
        program = self.of(pid, seq)
        return f'pid {pid} "{program}"' if program else f"pid {pid}"


def event_text(record: Record, trace: Trace, programs: Programs) -> str:
    """An event with its number, the tick, the process that runs, and what its address is."""
    tick = record.stamp / trace.tsc_per_tick if trace.tsc_per_tick else 0.0
    named = "va" if not record.name.startswith("table_") else ""  # a page table's va is that of its first page
    fields = [f"{name}={field.show(raw)}" + (f" ({_kind(raw & -PAGE_BYTES, trace)})" if name == named else "")
              for name, field, raw in zip(record.event.place, record.event.fields, record.raw)]
    return f"{record.seq:>5}  tick {tick:6.2f}  {programs.name(record.cpu_pid, record.seq):<16} {record.name} {' '.join(fields)}"
