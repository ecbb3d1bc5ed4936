# SPDX-License-Identifier: MIT
"""user/lab5/hello.c: the smallest program is loaded, prints, and exits with 0. (D44, D54)"""

FIRST = 2


def test_lines(run):
    """Its whole output, between the kernel's line about the exec and its closing lines."""
    out = run("hello")
    first = out.lines.lines.index('kernel_execve: pid = 2, name = "hello".')
    assert out.lines.lines[first:] == [
        'kernel_execve: pid = 2, name = "hello".', "Hello world!!.", "I am process 2.", "hello pass.",
        "all user-mode processes have quit.", "init check memory pass."]


def test_life(run):
    """Process 2 is a child of init; it executes the program, makes its calls, and is reaped by init."""
    trace = run("hello").trace
    trace.in_order("fork parent=0 child=1", f"fork parent=1 child={FIRST}", f"exec pid={FIRST} name=hello",
                   f"exit pid={FIRST} code=0 reason=exit", f"reap parent=1 child={FIRST} code=0", "end status=0x10")
    calls = [record.shown("nr") for record in trace.of("syscall_enter")]
    assert calls == ["write", "getpid", "write", "write", "exit"]


def test_first_process_needs_no_call(run):
    """The kernel executes the first program without a system call: the first call is the program's. (D44)"""
    trace = run("hello").trace
    execed = trace.one("exec")
    assert all(record.seq > execed.seq for record in trace.of("syscall_enter"))
