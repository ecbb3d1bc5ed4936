# SPDX-License-Identifier: MIT
"""How an assertion about a trace fails: what was expected beside what was seen, and the event where they part.

    expect(copies == forks, "a copy for each fork", f"{n} copies", trace, at=record)
"""

from ucow.naming import Programs
from ucow.trace import Deviation, Record, Trace


def process_name(trace: Trace, pid: int) -> str:
    """A pid with the program that it executed last."""
    return Programs(trace).name(pid, len(trace) + trace.lost)


def expect(holds: bool, expected: str, seen: str, trace: Trace, at: Record | None = None) -> None:
    """Fail with what was expected beside what was seen; `at` is the first event that deviates."""
    __tracebackhide__ = True
    if not holds:
        where = f"\nfirst at: {at}, by {Programs(trace).name(at.cpu_pid, at.seq)}" if at else ""
        raise Deviation(f"expected {expected}\nseen     {seen}{where}", at.seq if at else 0, trace)
