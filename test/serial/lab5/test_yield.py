# SPDX-License-Identifier: MIT
"""user/lab5/yield.c: a process that gives the CPU away gets it back."""

PROCESS = 2


def test_lines(run):
    out = run("yield")
    out.lines.in_order("Hello, I am process 2.", *(f"Back in process 2, iteration {i}." for i in range(5)),
                       "All done in process 2.", "yield pass.")
    assert len([line for line in out.lines if line.startswith("Back in process")]) == 5


def test_trace(run):
    """Five yields, each comes back with 0, and the process never sleeps."""
    trace = run("yield").trace
    assert [record.cpu_pid for record in trace.all("syscall_enter nr=yield")] == [PROCESS] * 5
    assert [record.result for record in trace.all("syscall_leave nr=yield")] == [0] * 5
    assert not trace.all("sleep", pid=PROCESS)
    trace.in_order(*["syscall_enter nr=yield", "syscall_leave nr=yield"] * 5, f"exit pid={PROCESS} code=0 reason=exit")


def test_memory(run):
    """No process forks, so there is nothing to share or to copy."""
    trace = run("yield").trace
    assert not trace.all("fork", parent=PROCESS)
    assert not trace.of("share", "page_copy")
