"""user/bin/cow16.c: sixteen generations write to the same pages, and each keeps its own. (D35, D78)"""

from calls import by, call_around
from sharing import PAGE_MASK, STACK_PAGE

GENERATIONS, PAGES = 16, 8
PIDS = range(2, 2 + GENERATIONS)


def data_copies(trace):
    """The copies of the eight pages, not those of the stack."""
    return [copy for copy in trace.of("page_copy") if copy.va & PAGE_MASK != STACK_PAGE]


def test_lines(run):
    out = run("cow16")
    out.lines.once(f"cow16: generations that saw the right pages = {GENERATIONS}")
    out.lines.once("cow16 pass.")


def test_line_of_descent(run):
    """Each generation is the only child of the one before, and outlives its own descendants."""
    trace = run("cow16").trace
    assert [fork.pids for fork in trace.of("fork") if fork.parent >= PIDS[0]] == list(zip(PIDS, PIDS[1:]))
    assert [reap.child for reap in trace.of("reap")] == list(reversed(PIDS))


def test_each_generation_copies_once(run, build):
    """Eight copies a generation: by its own writes (cow), or by its parent's fork (eager)."""
    trace = run("cow16").trace
    copies = data_copies(trace)
    assert len({copy.va for copy in copies}) == PAGES
    assert len(copies) == PAGES * (GENERATIONS - 1)
    for parent, child in zip(PIDS, PIDS[1:]):
        mine = by(copies, child if build.cow else parent)
        assert len({copy.va for copy in mine}) == len(mine) == PAGES
        around = {call.name if (call := call_around(trace, copy)) else None for copy in mine}
        assert around == ({None} if build.cow else {"fork"})


def test_copies_descend(run):
    """What a generation copies from is the frame that the generation before had copied to."""
    trace = run("cow16").trace
    for va in {copy.va for copy in data_copies(trace)}:
        line = trace.all("page_copy", va=va)
        assert [copy["from"] for copy in line[1:]] == [copy.to for copy in line[:-1]]


def test_last_writer_takes_back(run, build):
    """Only stacks are written by both sides, so only they are taken back: once for each fork."""
    reuses = run("cow16").trace.all("fault outcome=reuse")
    assert len(reuses) == (GENERATIONS - 1 if build.cow else 0)
    assert {fault.va & PAGE_MASK for fault in reuses} <= {STACK_PAGE}
