# SPDX-License-Identifier: MIT
"""How messages of tests name addresses and processes, and point to the event where a trace deviates.

    expect(copies == forks, "a copy for each fork", f"{n} copies", trace, at=record)
"""

from ucow.trace import Deviation, Record, Trace

USERTOP, STACK_BASE, PAGE_BYTES = 0xB0000000, 0xB0000000 - 256 * 4096, 4096
KERNEL_NAMES = {0: "idle", 1: "init"}


def page_name(va: int) -> str:
    """The page of a user address, and what it is."""
    page = va & -PAGE_BYTES
    if page == USERTOP - PAGE_BYTES:
        return f"{page:#010x} (the stack's top page)"
    return f"{page:#010x} ({'a page of the stack' if page >= STACK_BASE else 'not on the stack'})"


def process_name(trace: Trace, pid: int) -> str:
    """A pid with the program that it, or the nearest ancestor, executed last."""
    names, parents = dict(KERNEL_NAMES), {}
    for record in trace.of("fork", "exec"):
        if record.name == "fork":
            parents[record.child] = record.parent
        else:
            names[record.pid] = record.shown("name") if "name" in record.event.place else ""
    ancestor = pid
    while ancestor in parents and ancestor not in names:
        ancestor = parents[ancestor]
    name = names.get(ancestor, "")
    return f'pid {pid} "{name}"' if name else f"pid {pid}"


def expect(holds: bool, expected: str, seen: str, trace: Trace, at: Record | None = None) -> None:
    """Fail with what was expected beside what was seen; `at` is the first event that deviates."""
    __tracebackhide__ = True
    if not holds:
        where = f"\nfirst at: {at}, by {process_name(trace, at.cpu_pid)}" if at else ""
        raise Deviation(f"expected {expected}\nseen     {seen}{where}", at.seq if at else 0)
