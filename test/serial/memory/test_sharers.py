# SPDX-License-Identifier: MIT
"""user/memory/sharers.c: 301 processes share one page, more than eight bits can count. (D77)

With `all`, in a small machine, as many processes as the kernel allows share it.
"""

import pytest
from calls import FIRST, by, call_around
from sharing import KERNEL_THREADS, PAGE_MASK, STACK_PAGE

CHILDREN = 300  # at once
MAX_PROCS = 320  # pids 1 to 320
ALL_PROCS = MAX_PROCS - len(KERNEL_THREADS[1:])


@pytest.fixture
def share(run, build):
    """A run with enough memory and trace for all processes."""
    def start(*arguments: str, cmdline: str = ""):
        return run("sharers", *arguments, memory=build.room("20M"), cmdline=f"trace_kib=4096 {cmdline}")
    return start


def test_lines(share):
    out = share()
    for what in ("children that share the page", "children that were right"):
        out.lines.once(f"sharers: {what} = {CHILDREN}")
    out.lines.once("sharers: the parent's page = 24589")
    out.lines.once("sharers pass.")


def test_the_count_is_right_at_every_write(share, build):
    """With copy-on-write each child copies the one frame, and its count falls from 301 to 2. (P07)"""
    trace = share().trace
    children = {fork.child for fork in trace.all("fork", parent=FIRST)}
    copies = [copy for copy in trace.of("page_copy") if copy.va & PAGE_MASK != STACK_PAGE]
    assert len({(copy.va, copy["from"]) for copy in copies}) == 1
    assert len(copies) == CHILDREN
    if build.cow:
        assert [copy.count for copy in copies] == list(range(CHILDREN + 1, 1, -1))
        assert {copy.cpu_pid for copy in copies} == children
    else:
        assert len(by(copies, FIRST)) == CHILDREN
        assert {call_around(trace, copy).name for copy in copies[:3]} == {"fork"}


def test_all_lived_at_the_same_time(share):
    """No child exits before the last fork."""
    trace = share().trace
    assert min(exit_.seq for exit_ in trace.of("exit")) > max(fork.seq for fork in trace.of("fork"))


def test_everybody_shares(share, build):
    """All processes that the table has room for share the page, and each gets its own copy."""
    out = share("all", cmdline=f"max_procs={MAX_PROCS}")
    out.lines.in_order("sharers: fork in the end = -5", f"sharers: children that share the page = {ALL_PROCS - 1}",
                       f"sharers: children that were right = {ALL_PROCS - 1}", "sharers: the parent's page = 24589")
    copies = [copy for copy in out.trace.of("page_copy") if copy.va & PAGE_MASK != STACK_PAGE]
    assert {fork.child for fork in out.trace.all("fork", parent=FIRST)} | {*KERNEL_THREADS, FIRST} == {
        *range(MAX_PROCS + 1)}
    assert [copy.count for copy in copies] == (list(range(ALL_PROCS, 1, -1)) if build.cow else [1] * (ALL_PROCS - 1))
