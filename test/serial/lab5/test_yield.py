# SPDX-License-Identifier: MIT
"""user/lab5/yield.c: a process that yields the CPU gets it back."""

PROCESS = 2


def test_lines(run):
    out = run("yield")
    out.lines.in_order("Hello, I am process 2.", *(f"Back in process 2, iteration {i}." for i in range(5)),
                       "All done in process 2.", "yield pass.")
    assert len([line for line in out.lines if line.startswith("Back in process")]) == 5


def test_trace(run):
    """Five yields return 0, and the process never sleeps."""
    trace = run("yield").trace
    assert [record.cpu_pid for record in trace.all("syscall_enter nr=yield")] == [PROCESS] * 5
    assert [record.result for record in trace.all("syscall_leave nr=yield")] == [0] * 5
    assert not trace.all("sleep", pid=PROCESS)
    trace.in_order(*["syscall_enter nr=yield", "syscall_leave nr=yield"] * 5, f"exit pid={PROCESS} code=0 reason=exit")


def test_memory(run):
    """The program does not fork, so no page is shared or copied."""
    trace = run("yield").trace
    assert not trace.all("fork", parent=PROCESS)
    assert not trace.of("share", "table_share", "page_copy")
