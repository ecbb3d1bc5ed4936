# SPDX-License-Identifier: MIT
"""user/lab5/spin.c: a child that never enters the kernel is killed by its parent.

D47: after the kill it executes nothing in user mode. D51: all of it takes well under a second.
"""

PARENT, CHILD = 2, 3
KILLED = -9


def test_lines(run):
    out = run("spin")
    out.lines.in_order("I am the parent. Forking the child...", "I am the parent. Running the child...",
                       "I am the parent.  Killing the child...", "kill returns 0", "wait returns 0", "spin may pass.")
    out.lines.in_order("I am the parent. Running the child...", "I am the child. spinning ...",
                       "I am the parent.  Killing the child...")


def test_child_dies_of_the_kill(run):
    """The child's last call writes its line; the parent reaps it with -9."""
    trace = run("spin").trace
    trace.in_order(f"fork parent={PARENT} child={CHILD}", f"kill by={PARENT} pid={CHILD}",
                   f"exit pid={CHILD} code={KILLED} reason=kill", f"reap parent={PARENT} child={CHILD} code={KILLED}",
                   f"exit pid={PARENT} code=0 reason=exit")
    assert [record.shown("nr") for record in trace.of("syscall_enter") if record.cpu_pid == CHILD] == ["write"]


def test_time(run, build):
    """Time slices are a few ticks: the child gets three, and the run takes less than a second."""
    build.need_plain("how long a run takes")
    trace = run("spin").trace
    assert 0 < trace.of("reap")[-1].stamp < 100 * trace.tsc_per_tick
