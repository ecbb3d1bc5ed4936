# SPDX-License-Identifier: MIT
"""user/lab5/forktest.c: forks 32 children, and exactly 32 can be waited for."""

from sharing import assert_only_stacks_split

PARENT = 2
CHILDREN = range(3, 35)


def test_lines(run):
    """Each child prints its line once, in any order; the parent prints last."""
    out = run("forktest")
    for n, _ in enumerate(CHILDREN):
        out.lines.once(f"I am child {n}")
    out.lines.in_order(*[f"I am child {len(CHILDREN) - 1}", "forktest pass."])


def test_life(run):
    """One parent forks all children; each exits with 0 and is reaped by that parent. There are no orphans."""
    trace = run("forktest").trace
    forks = trace.all("fork", parent=PARENT)
    assert [record.child for record in forks] == list(CHILDREN)
    for child in CHILDREN:
        trace.in_order(f"fork parent={PARENT} child={child}", f"switch to={child}",
                       f"exit pid={child} code=0 reason=exit",
                       f"reap parent={PARENT} child={child} code=0")
    assert not trace.of("kill", "reparent")


def test_wakes(run):
    """The parent sleeps only in wait, and is woken only by the exit of a child."""
    trace = run("forktest").trace
    sleeps, wakes = trace.all("sleep", pid=PARENT), trace.all("wake", pid=PARENT)
    assert len(sleeps) == len(wakes)
    # If the parent's turn ends before it waits, all children may run first, and it has no reason to sleep.
    assert sleeps or trace.all("state from=RUNNING to=RUNNABLE", pid=PARENT)
    assert {record.by for record in wakes} <= set(CHILDREN)
    waits = [record.result for record in trace.all("syscall_leave nr=wait") if record.cpu_pid == PARENT]
    assert waits == [0] * len(CHILDREN) + [-2]


def test_memory(run, build):
    assert_only_stacks_split(build, run("forktest").trace)
