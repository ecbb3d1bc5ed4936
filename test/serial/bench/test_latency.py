# SPDX-License-Identifier: MIT
"""user/bench/latency.c: no call of a program makes a sleeper more than ten ticks late. (D93, D106, D130)

D93: loops over a length that a program chose have points at which others run, and the longest time between two
points is in the trace with its place.
"""

import re

import pytest
from ucow.latency import CASES, MOST_TICKS, lateness

MOST_TICKS_OF_KERNEL = 5  # between two points: a sleeper also waits for a turn, 5 ticks, of the process that runs
MEMORY, DISK = "96M", "64M"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sleeper_is_in_time(bench, build, case):
    """The process that sleeps one tick at a time is woken and runs within ten, whatever the other one does."""
    build.need_plain("how late a sleeper is")
    if case.needs_swap:
        build.need_swap()
    if case.name == "kills" and build.sched != "rr":
        pytest.skip(f"-Dsched={build.sched} does not promise that who sleeps goes before thousands that have to run")
    disk = {"swap": DISK} if build.swap else {}
    run = bench.machine("latency", case.name, str(case.small), memory=build.room(case.memory or MEMORY), **disk).run(
        build.wall_seconds)
    bench.runs.append(run)  # not judged: it makes more events than a ring can hold
    measured = lateness(run)
    run.lines.in_order("latency pass.", "init check memory pass.")
    assert measured.naps > 0
    assert measured.late <= MOST_TICKS
    if build.trace and build.debug_checks:
        longest = run.trace.all("peak what=stretch")[-1]
        ticks = longest.value / run.trace.tsc_per_tick
        assert ticks <= MOST_TICKS_OF_KERNEL, f"{ticks:.1f} ticks without a point at {run.symbols.where(longest.site)}"


KILLED_AFTER = 4  # ticks


def test_a_kill_ends_the_wait_for_a_lock(bench, build):
    """The lock is an address space's, which another process holds for some sixty ticks. (D91)"""
    build.need_plain("how fast a kill is")
    run = bench.machine("latency", "lockwait", "32", str(KILLED_AFTER), memory=build.room("64M")).run(build.wall_seconds)
    bench.runs.append(run)  # not judged: it prints, and traces, too much
    run.lines.in_order("latency pass.", "init check memory pass.")
    ended = run.lines.all(re.compile(r"^latency: ended \d+ ticks after it was killed$"))
    assert int(ended[0].split()[2]) <= MOST_TICKS
    holder = run.lines.all(re.compile(r"^  \|-- PTE"))
    assert len(holder) > 4096, "the lock was not held for long"
