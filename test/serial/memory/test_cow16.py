# SPDX-License-Identifier: MIT
"""user/memory/cow16.c: sixteen generations of forks over the same pages.

D35: each generation writes to eight pages and gets its own copies. D78: only the last generation writes to
eight others, which all share, and gets copies like a first child.
"""

from calls import by, call_around
from sharing import KERNEL_THREADS, PAGE_MASK, STACK_PAGE

GENERATIONS, PAGES = 16, 8
PIDS = range(2, 2 + GENERATIONS)


def copies_by_page(trace):
    """The copies of each page, without the stack."""
    pages = {}
    for copy in trace.of("page_copy"):
        pages.setdefault(copy.va & PAGE_MASK, []).append(copy)
    pages.pop(STACK_PAGE)
    return pages


def data_copies(build, trace):
    """The copies of the pages that each generation writes; in a cow build the other pages have one copy each."""
    pages = copies_by_page(trace)
    assert len(pages) == 2 * PAGES
    own = sorted(pages)[:PAGES] if not build.cow else [va for va, copies in pages.items() if len(copies) > 1]
    return [copy for va in own for copy in pages[va]]


def test_lines(run):
    out = run("cow16")
    out.lines.once(f"cow16: generations that saw the right pages = {GENERATIONS}")
    out.lines.once("cow16 pass.")


def test_last_generation_is_the_last_process(run, build):
    """Works in a small machine whose process table is just large enough."""
    limit = len(KERNEL_THREADS[1:]) + GENERATIONS
    out = run("cow16", memory=build.room("4M"), cmdline=f"max_procs={limit}")
    out.lines.once(f"cow16: generations that saw the right pages = {GENERATIONS}")
    assert {fork.child for fork in out.trace.of("fork")} | {*KERNEL_THREADS} == {*range(limit + 1)}


def test_line_of_descent(run):
    """Each generation is the only child of the previous one, and outlives its descendants."""
    trace = run("cow16").trace
    assert [fork.pids for fork in trace.of("fork") if fork.parent >= PIDS[0]] == list(zip(PIDS, PIDS[1:]))
    assert [reap.child for reap in trace.of("reap")] == list(reversed(PIDS))


def test_each_generation_copies_once(run, build):
    """Eight copies a generation: by its own writes (cow: P05, P07), or by its parent's fork (eager: P06)."""
    trace = run("cow16").trace
    copies = data_copies(build, trace)
    assert len({copy.va for copy in copies}) == PAGES
    assert len(copies) == PAGES * (GENERATIONS - 1)
    for parent, child in zip(PIDS, PIDS[1:]):
        mine = by(copies, child if build.cow else parent)
        assert len({copy.va for copy in mine}) == len(mine) == PAGES
        around = {call.name if (call := call_around(trace, copy)) else None for copy in mine}
        assert around == ({None} if build.cow else {"fork"})


def test_copies_descend(run, build):
    """Each generation copies from the frame that the previous generation copied to."""
    trace = run("cow16").trace
    for va in {copy.va for copy in data_copies(build, trace)}:
        line = trace.all("page_copy", va=va)
        assert [copy["from"] for copy in line[1:]] == [copy.to for copy in line[:-1]]


def test_heirlooms(run, build):
    """Only the last generation copies the pages that all sixteen share."""
    if build.cow:
        once = [copies[0] for copies in copies_by_page(run("cow16").trace).values() if len(copies) == 1]
        assert [(copy.cpu_pid, copy.count) for copy in once] == [(PIDS[-1], GENERATIONS)] * PAGES


def test_last_writer_takes_back(run, build):
    """Only stacks are written by both sides, so only they are reused, once for each fork. (P08)"""
    reuses = run("cow16").trace.all("fault outcome=reuse")
    assert len(reuses) == (GENERATIONS - 1 if build.cow else 0)
    assert {fault.va & PAGE_MASK for fault in reuses} <= {STACK_PAGE}
