# SPDX-License-Identifier: MIT
"""user/swap/swaporder.c: a page goes to the disk and comes back before, between and after fork and writes."""

import re

import pytest

OLD, NEW, READERS = 0x011D, 0x0E7, 8


@pytest.fixture
def out(run, build):
    build.need_swap()
    return run("swaporder")


def test_without_a_disk(run, build):
    """A kernel that cannot swap, or has no disk for it, says so and goes on."""
    out = run("swaporder", swap=None) if build.swap else run("swaporder")
    out.lines.once("swaporder: pageout without a disk = -13")
    if build.swap:
        out.lines.once(re.compile("^swap: no second IDE disk, pages stay in memory"))


def test_everybody_sees_what_is_his(out):
    """D22, D23, P22: a page that is out is inherited, and nobody reads another's."""
    out.lines.in_order(
        "swaporder: out, then fork: pages that went = 1", "swaporder: the child reads and writes = 0",
        f"swaporder: the parent's page = {OLD}",
        "swaporder: fork, then out: the child reads and writes = 0", f"swaporder: the parent's page = {OLD}",
        "swaporder: one writes while it is out for the other = 0", f"swaporder: the parent's page = {OLD}",
        "swaporder: shared memory: pages that went = 1", "swaporder: the child writes and puts it out = 0",
        f"swaporder: the parent sees it = {NEW}",
        "swaporder: wait into a page that is out = 0", f"swaporder: the code there = {NEW}")


def test_a_page_comes_in_once(out, build):
    """However many want it: with copy-on-write they share it (P14, P15), otherwise each has his own (P16)."""
    out.lines.once(f"swaporder: children that read it = {READERS}")
    out.lines.once(f"swaporder: transfers for {READERS} readers: {1 if build.cow else READERS}")
    out.lines.once("swaporder: transfers for two threads = 1")


def test_what_the_archive_has_is_not_written(out):
    """P12: it is dropped, and read again from there."""
    out.lines.in_order("swaporder: the page that runs this = 1", "swaporder: transfers for it = 0")
    assert any(record.slot == 0 for record in out.trace.of("evict"))


def test_slots_come_back(out):
    """D25, P26: with the page; and what comes next at its address is zeros."""
    out.lines.in_order("swaporder: slots in use = 1", "swaporder: slots in use after munmap = 0",
                       "swaporder: zeros after it = 1", "swaporder pass.")


def test_the_trace_shows_it(out):
    """Whatever comes in went out before, from the same address."""
    gone = set()
    for record in out.trace:
        if record.name == "evict":
            gone.add(record.va)
        elif record.name == "fault" and record["outcome"] == "swap_in":
            assert record.va & ~0xFFF in gone
    assert gone and out.trace.all("fault outcome=swap_in")
