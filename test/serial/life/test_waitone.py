# SPDX-License-Identifier: MIT
"""user/life/waitone.c: a process that waits for one child goes back to sleep when another one ends.

It gets the CPU back from a process that the timer preempted. The check that no process sleeps with interrupts
disabled must not use the interrupt state of the preempted one.
"""

PARENT, SLOW, QUICK = 2, 3, 4


def test_lines(run):
    out = run("waitone")
    out.lines.in_order("waitone: wait for the slow child = 0", "waitone: wait for the quick child = 0", "waitone pass.")


def test_sleeps_twice_in_one_wait(run, build):
    """The slow child is preempted for it with -Dsched=rr; the order is another policy's own affair."""
    trace = run("waitone").trace
    resumed = f"switch from={SLOW} to={PARENT}" if build.sched == "rr" else f"switch to={PARENT}"
    trace.in_order(f"sleep pid={PARENT}", f"exit pid={QUICK}", f"wake pid={PARENT} by={QUICK}",
                   resumed, f"sleep pid={PARENT}", f"exit pid={SLOW}",
                   f"reap parent={PARENT} child={SLOW}", f"reap parent={PARENT} child={QUICK}")
    waits = trace.all("syscall_enter nr=wait")
    assert len([call for call in waits if call.cpu_pid == PARENT]) == 2
