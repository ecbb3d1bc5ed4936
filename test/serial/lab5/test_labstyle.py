# SPDX-License-Identifier: MIT
"""user/lab5/sources/labstyle.c: a source in the style of lab 5, with its headers and cprintf(), compiles and runs."""


def test_lines(run):
    """Every call of the headers in user/lab5/include does what lab 5 says."""
    out = run("labstyle")
    for n in range(3):
        out.lines.once(f"I am child {n}, pid {n + 3}.")
    out.lines.in_order("child 0 of length 7 returned 16.", "child 1 of length 7 returned -32.",
                       "child 2 of length 7 returned -9.", "wait: bad process.", "labstyle pass.")
    out.lines.once("    all 3 children are gone")


def test_calls(run):
    """The last child is killed while it spins; the parent reaps all three."""
    trace = run("labstyle").trace
    trace.one("kill by=2 pid=5")
    trace.one("reap parent=2 child=3 code=16")
    trace.one("reap parent=2 child=4 code=-32")
    trace.one("reap parent=2 child=5 code=-9")
