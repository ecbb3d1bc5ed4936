# SPDX-License-Identifier: MIT
"""user/bench/scaling.c: yield and fork cost the same with six hundred processes as with ten.

D53: the choice of the next process. D75: the search for a free pid. Under -icount a cost is exact, and the median
leaves out those with a tick, a new slab or a first run.
"""

from statistics import median_low

import pytest
from calls import FIRST, calls

FEW, MANY, TURNS = 10, 600, 10


def costs(trace, name):
    """The median costs of the first program's calls `name` with few and with many processes."""
    partners = [trace.all("fork", parent=FIRST)[n] for n in (FEW, FEW + 1 + TURNS + MANY - FEW)]
    durations = {partner.child: [] for partner in partners}
    for call in calls(trace, name):
        for partner in partners:
            last = trace.one("reap", child=partner.child + (TURNS if name == "fork" else 0))
            if partner.seq < call.enter.seq < last.seq:
                durations[partner.child].append(call.leave.stamp - call.enter.stamp)
    return [median_low(found) for found in durations.values()]


@pytest.fixture
def scaling(run, build):
    """A run with six hundred processes."""
    return run("scaling", memory=build.room("32M"), cmdline="trace_kib=4096")


def test_lines(scaling):
    scaling.lines.in_order("scaling: among few", "scaling: exit code of the partner = 0", "scaling: among many",
                       "scaling: exit code of the partner = 0", "scaling pass.")


def test_many_lived(scaling):
    """All sleepers were asleep during the second measurement."""
    trace = scaling.trace
    before = trace.one("reap", child=trace.all("fork", parent=FIRST)[-1].child)
    alive = [fork for fork in trace.of("fork") if fork.seq < before.seq]
    gone = [reap for reap in trace.of("reap") if reap.seq < before.seq]
    assert len(alive) - len(gone) > MANY


def test_switch_costs_the_same(scaling):
    few, many = costs(scaling.trace, "yield")
    assert few == many


def test_fork_costs_the_same(scaling, build):
    build.need_plain("the number of instructions")
    few, many = costs(scaling.trace, "fork")
    # A fork that copies allocates pages, and what the allocator splits for them depends on which are free.
    assert few == many if build.cow else abs(many - few) < few / 200, f"a fork costs {few} among few, {many} among many"
