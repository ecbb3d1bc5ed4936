# SPDX-License-Identifier: MIT
"""user/swap/swaporder.c: a page is swapped out and in before, between and after fork and writes."""

import re

import pytest

OLD, NEW, READERS = 0x011D, 0x0E7, 8


@pytest.fixture
def out(run, build):
    build.need_swap()
    return run("swaporder")


def test_without_a_disk(run, build):
    """Without swap, or without a disk, the program reports it and exits."""
    out = run("swaporder", swap=None) if build.swap else run("swaporder")
    out.lines.once("swaporder: pageout without a disk = -13")
    if build.swap:
        assert not out.lines.all(re.compile("^(swap|ide):"))


def test_everybody_sees_what_is_his(out):
    """D22, D23, P22: a child inherits swapped-out pages, and no process reads another's."""
    out.lines.in_order(
        "swaporder: out, then fork: pages that went = 1", "swaporder: the child reads and writes = 0",
        f"swaporder: the parent's page = {OLD}",
        "swaporder: fork, then out: the child reads and writes = 0", f"swaporder: the parent's page = {OLD}",
        "swaporder: one writes while it is out for the other = 0", f"swaporder: the parent's page = {OLD}",
        "swaporder: shared memory: pages that went = 1", "swaporder: the child writes and puts it out = 0",
        f"swaporder: the parent sees it = {NEW}",
        "swaporder: wait into a page that is out = 0", f"swaporder: the code there = {NEW}")


def test_a_page_comes_in_once(out, build):
    """One read serves all sharers with copy-on-write (P14, P15); otherwise each has its own page (P16)."""
    out.lines.once(f"swaporder: children that read it = {READERS}")
    out.lines.once(f"swaporder: transfers for {READERS} readers: {1 if build.cow else READERS}")
    out.lines.once("swaporder: transfers for two threads = 1")


def test_what_the_archive_has_is_not_written(out):
    """P12: pages of program text are dropped, and read again from the boot archive."""
    out.lines.in_order("swaporder: the page that runs this = 1", "swaporder: transfers for it = 0")
    assert any(record.slot == 0 for record in out.trace.of("evict"))


def test_slots_come_back(out):
    """D25, P26: unmapping frees the slot, and a new page at the address is zero."""
    out.lines.in_order("swaporder: slots in use = 1", "swaporder: slots in use after munmap = 0",
                       "swaporder: zeros after it = 1", "swaporder pass.")


def test_the_trace_shows_it(out):
    """Every page that is swapped in was swapped out before, from the same address."""
    gone = set()
    for record in out.trace:
        if record.name == "evict":
            gone.add(record.va)
        elif record.name == "fault" and record["outcome"] == "swap_in":
            assert record.va & ~0xFFF in gone
    assert gone and out.trace.all("fault outcome=swap_in")
