# SPDX-License-Identifier: MIT
"""user/console/interleave.c: lines of processes that print at the same time come out whole. (D57)"""

import re

from calls import FIRST, calls

CHILDREN, LINES, LETTERS = 5, 20, 150
LINE = re.compile(r"^interleave: child (\d) line (\d\d) (\w+)$")


def test_lines(run):
    """Every line of every child is printed once and whole, the lines of a child in order."""
    out = run("interleave")
    seen = [LINE.match(line).groups() for line in out.lines.all(LINE)]
    for child in range(CHILDREN):
        mine = [(number, letters) for who, number, letters in seen if int(who) == child]
        assert mine == [(f"{number:02}", chr(ord("a") + child) * LETTERS) for number in range(LINES)]
    assert len(seen) == CHILDREN * LINES
    assert out.lines.count(re.compile("interleave")) == CHILDREN * LINES + 3
    out.lines.in_order("interleave: children that printed all = 5", "interleave pass.")


def test_they_do_mix(run):
    """The processes really alternate: else this test would show nothing."""
    speakers = [LINE.match(line)[1] for line in run("interleave").lines.all(LINE)]
    assert sum(one != other for one, other in zip(speakers, speakers[1:])) > 2 * CHILDREN


def test_one_call_a_line(run):
    """The library writes each line with one system call."""
    trace = run("interleave").trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [len(calls(trace, "write", pid=child)) for child in children] == [LINES] * CHILDREN
