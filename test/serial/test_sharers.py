"""user/bin/sharers.c: 301 processes refer to one page, more than eight bits can count. (D77)"""

from calls import FIRST, by, call_around
from sharing import PAGE_MASK, STACK_PAGE

CHILDREN = 300


def test_lines(run):
    out = run("sharers")
    for what in ("children that share the page", "children that were right"):
        out.lines.once(f"sharers: {what} = {CHILDREN}")
    out.lines.once("sharers: the parent's page = 24589")
    out.lines.once("sharers pass.")


def test_the_count_is_right_at_every_write(run, build):
    """With copy-on-write each child copies from the one frame, and the count goes down from 301 to 2."""
    trace = run("sharers").trace
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


def test_all_lived_at_the_same_time(run):
    """No child ends before the last one is made."""
    trace = run("sharers").trace
    assert min(exit_.seq for exit_ in trace.of("exit")) > max(fork.seq for fork in trace.of("fork"))
