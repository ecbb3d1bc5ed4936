# SPDX-License-Identifier: MIT
"""user/memory/bigfork.c: a fork of a large process does not stop the clock.

D76: interrupts stay enabled while pages are shared or copied. Otherwise all ticks but one of that time
would be lost, and the kernel's clock would be slower than the time stamps.
"""

import pytest
from calls import FIRST, TICK, between, calls

SIZES_MIB = {True: 96, False: 32}  # by build.cow: sharing is faster, copying needs twice the memory


@pytest.fixture
def bigfork(run, build):
    return run("bigfork", str(SIZES_MIB[build.cow]), cmdline="trace_kib=4096", memory=build.room("128M"))


def test_lines(bigfork):
    bigfork.lines.once("bigfork: exit code of the child, the last page's first byte = 1")
    bigfork.lines.once("bigfork pass.")


def test_no_tick_is_lost(bigfork, build):
    """The clock advances by as many ticks as the time stamps; there are several, so a loss would show."""
    if build.shares_tables:
        pytest.skip("a fork that shares page tables takes less than a tick: a build with tables=copied loses ticks or not")
    trace = bigfork.trace
    before, after = calls(trace, "gettime")
    ticks = after.leave.result - before.leave.result
    stamps = (after.leave.stamp - before.leave.stamp) / TICK
    assert stamps > 4
    assert abs(ticks - stamps) <= 1


def test_the_fork_takes_that_time(bigfork, build):
    """The fork itself takes several ticks, and shares or copies pages as the build says. If it shares page tables, it
    is over in less than one."""
    trace = bigfork.trace
    [fork] = calls(trace, "fork")
    ticks = (fork.leave.stamp - fork.enter.stamp) / TICK
    assert ticks < 1 if build.shares_tables else ticks > 4
    pages = SIZES_MIB[build.cow] * 256
    if build.shares_tables:
        assert sum(share.pages for share in between(trace, fork.enter, fork.leave, "table_share")) >= pages
    elif build.cow:
        assert max(share.pages for share in between(trace, fork.enter, fork.leave, "share")) == pages
    else:
        assert len(between(trace, fork.enter, fork.leave, "page_copy")) >= pages
    assert trace.one("fork", parent=FIRST).child == fork.result
