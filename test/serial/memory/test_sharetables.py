# SPDX-License-Identifier: MIT
"""user/memory/sharetables.c: processes share page tables until one of them writes. (D22, D34, D73, D79, D80)

The lines are the same in every build. The trace tells which tables fork shared, and which were copied.
"""

import pytest
from calls import FIRST, between, calls

SPANS = (0x40000000, 0x40400000)
NOMEM, KILLED = -4, -9
GENERATIONS, PAGES = 16, 40


@pytest.fixture
def share(run):
    """A run of one subject that passed, with room for its trace."""
    def start(subject: str, **machine):
        out = run("sharetables", subject, cmdline="trace_kib=4096", **machine)
        out.lines.once("sharetables pass.")
        return out
    return start


def spans_of(trace, name: str, **fields) -> list:
    """The events `table_share` or `table_copy` of the two spans."""
    return [record for record in trace.all(name, **fields) if record.va in SPANS]


def assert_sharing(build, trace, shares: int, copies: int):
    """How many tables of the first span forks shared, and how many were copied; none if the build copies tables."""
    found = [len([record for record in trace.of(name) if record.va == SPANS[0]])
             for name in ("table_share", "table_copy")]
    assert found == ([shares, copies] if build.shares_tables else [0, 0])


def test_chain(share, build):
    """P29, P30: sixteen generations have one table, and all but the last to write copy it. (D78)

    Then fifteen of sixteen end: the heir takes the table of them all. The parent has it, too."""
    out = share("chain", memory=build.room("20M"))
    out.lines.in_order(f"sharetables: generations that saw the right pages = {GENERATIONS}",
                       "sharetables: the heir of sixteen dead generations is right = 1")
    assert_sharing(build, out.trace, 2 * GENERATIONS - 1, GENERATIONS)


def test_threads(share, build):
    """D21: the table's copy, and the pages' copies, are seen by the thread that has read the old ones."""
    out = share("threads")
    out.lines.once(f"sharetables: written pages that the first thread sees = {PAGES}")
    assert_sharing(build, out.trace, 1, 1)


def test_shared_memory(share, build):
    """A table that maps shared memory is copied at fork; one that gets some later is copied then. (P04, P10)"""
    out = share("shmem")
    out.lines.once("sharetables: the common page = 24589")
    assert_sharing(build, out.trace, 0, 0)
    if build.shares_tables:
        assert {record.va for record in spans_of(out.trace, "table_copy")} == {SPANS[1]}


def test_changes_of_mappings(share, build):
    """munmap, mmap and brk in a shared table copy it (P30); a table of which nothing is left is dropped (P32)."""
    out = share("unmap")
    out.lines.in_order("sharetables: changes of the child that it sees = 5", "sharetables: the parent's heap = 104")
    if build.shares_tables:
        first = [record.va for record in spans_of(out.trace, "table_copy")]
        assert first == [SPANS[0], *SPANS]  # the first child drops the second span's table whole


def test_exec(share, build):
    """P32, P31: exec drops the tables; then the parent has them alone, and a write copies neither table nor page."""
    trace = share("exec").trace
    assert_sharing(build, trace, 1, 0)
    if build.cow:
        copied = [record.va for record in trace.of("page_copy") if SPANS[0] <= record.va < SPANS[0] + PAGES * 4096]
        assert not copied


def test_exits_in_every_order(share, build):
    """P31, P32: three children end in each order of six; no table is copied."""
    assert_sharing(build, share("order").trace, 18, 0)


def test_writes_of_the_kernel(share, build):
    """wait() writes the exit code below a shared table: the kernel breaks sharing as the program does. (D79)"""
    trace = share("kernel").trace
    if build.shares_tables:
        [copy] = [record for record in spans_of(trace, "table_copy")]
        [call] = calls(trace, "wait", pid=copy.cpu_pid)
        assert copy in between(trace, call.enter, call.leave, "table_copy")
    assert trace.all("fork", parent=FIRST)


def test_siblings_on_the_disk(share, build):
    """P33, P34: pages go to the disk once for all that have the table, and each sibling sees the right bytes."""
    build.need_swap()
    out = share("siblings", swap="8M")
    for sibling in range(4):
        out.lines.once(f"sharetables: pages that are wrong in sibling {sibling} = 0")
    if build.shares_tables:
        assert spans_of(out.trace, "table_copy")
        evicted = [record.va for record in out.trace.of("evict")][:2 * PAGES]
        assert len(set(evicted)) == 2 * PAGES  # no page goes twice, whatever the number of siblings


def test_no_memory(share, build):
    """Without memory a part of a shared table cannot be unmapped, and nothing changes; a write kills. (D06, D73)"""
    out = share("oom", memory=build.room("16M"), swap=None)
    said = [line for line in out.lines if "without memory" in line]
    if not build.cow:  # the page that the child unmaps is its own, and there is memory again
        assert said == ["sharetables: without memory munmap 0 mmap 0 wrong 1 exit code 1"]
        return
    cut = NOMEM if build.shares_tables else 0
    assert said == [f"sharetables: without memory munmap {cut} mmap {NOMEM} wrong 0 exit code {KILLED}"]
