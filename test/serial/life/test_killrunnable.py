# SPDX-License-Identifier: MIT
"""user/life/killrunnable.c: a process that is killed while it is runnable makes no further system call.

The invariant `lives_as_in_the_model` checks this in every trace; this victim makes calls all the time.
"""


def test_killrunnable(run):
    out = run("killrunnable")
    out.lines.in_order("killrunnable pass.")
    fork = out.trace.one("fork parent=2")
    kill = out.trace.one("kill", by=2, pid=fork.child)
    calls = out.trace.all("syscall_enter nr=getpid")
    assert calls and all(call.cpu_pid == fork.child and call.seq < kill.seq for call in calls)
    assert out.trace.in_order(f"exit pid={fork.child} code=-9 reason=kill", after=kill)
