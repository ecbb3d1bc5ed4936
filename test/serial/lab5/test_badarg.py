# SPDX-License-Identifier: MIT
"""user/lab5/badarg.c: wait() refuses a negative pid and a kernel address, and does not lose the child. (D14, D83)"""

PARENT, CHILD = 2, 3
BAD_PROC, INVAL = -2, -3


def test_lines(run):
    out = run("badarg")
    out.lines.in_order('kernel_execve: pid = 2, name = "badarg".', "fork ok.", "badarg pass.")
    out.lines.once("fork ok.")


def test_calls(run):
    """Three waits: no such child, a bad pointer, and the child with its whole exit code."""
    trace = run("badarg").trace
    waits = [record.result for record in trace.all("syscall_leave nr=wait") if record.cpu_pid == PARENT]
    assert waits == [BAD_PROC, INVAL, 0]
    trace.one(f"exit pid={CHILD} code=0xbeaf reason=exit")
    reap = trace.one(f"reap parent={PARENT} child={CHILD} code=0xbeaf")
    last_refusal = trace.all(f"syscall_leave nr=wait result={INVAL}")[-1]
    assert last_refusal.seq < reap.seq


def test_refusals_do_not_sleep(run):
    """wait(-1) returns at once, even while there is a living child. (D83)"""
    trace = run("badarg").trace
    refused = trace.one(f"syscall_leave nr=wait result={BAD_PROC}")
    assert not [record for record in trace.all("sleep", pid=PARENT) if record.seq < refused.seq]
