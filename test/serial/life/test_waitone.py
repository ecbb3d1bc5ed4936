# SPDX-License-Identifier: MIT
"""user/life/waitone.c: who waits for one child sleeps again when another ends.

A sleeper that is woken looks again. The CPU comes back to it from a process that the timer interrupted; that
one's state of interrupts is not taken for the sleeper's by the rule that nobody sleeps with them off.
"""

PARENT, SLOW, QUICK = 2, 3, 4


def test_lines(run):
    out = run("waitone")
    out.lines.in_order("waitone: wait for the slow child = 0", "waitone: wait for the quick child = 0", "waitone pass.")


def test_sleeps_twice_in_one_wait(run):
    trace = run("waitone").trace
    trace.in_order(f"sleep pid={PARENT}", f"exit pid={QUICK}", f"wake pid={PARENT} by={QUICK}",
                   f"switch from={SLOW} to={PARENT}", f"sleep pid={PARENT}", f"exit pid={SLOW}",
                   f"reap parent={PARENT} child={SLOW}", f"reap parent={PARENT} child={QUICK}")
    waits = trace.all("syscall_enter nr=wait")
    assert len([call for call in waits if call.cpu_pid == PARENT]) == 2
