# SPDX-License-Identifier: MIT
"""user/life/args.c: the first program finds its arguments on the stack as the System V i386 ABI says.

D44: the kernel executes it without a system call to itself. D87: unusual arguments are never read past their end.
"""

import pytest
from calls import FIRST, calls
from first_stack import assert_own_stack
from ucow.machine import PROGRAM_FAILED

LONG = "x" * 300


@pytest.mark.parametrize("arguments", [(), ("one",), ("-v", "--", "a=b", "'"), (LONG, "y"), tuple("abcdefghijklmnop"),
                                       ("-stack",), ("12345678", "-stack"), ("-x", LONG, "y", "-stack")],
                         ids=["none", "one", "odd", "long", "many", "stack", "stack-even", "stack-long"])
def test_arguments(run, arguments):
    """argv[0] is the program's name; the other arguments are the words after it on the command line."""
    out = run("args", *arguments)
    wanted = ["args", *arguments]
    out.lines.in_order(f"args: argc = {len(wanted)}", *(f"args: argv[{i}] = {word}" for i, word in enumerate(wanted)), "args pass.")
    assert out.lines.count(f"args: argc = {len(wanted)}") == 1
    assert [line.split(" = ", 1)[1] for line in out.lines if line.startswith("args: argv[")] == wanted
    if "-stack" in arguments:
        assert_own_stack(out.lines, "args", wanted)


def test_life(run):
    """One process, one exec; its first system call is the program's own."""
    trace = run("args").trace
    exec_ = trace.one("exec", pid=FIRST)
    assert exec_.shown("name") == "args"
    assert calls(trace)[0].enter.seq > exec_.seq
    trace.in_order(f"exec pid={FIRST}", f"exit pid={FIRST} code=0 reason=exit", f"reap parent=1 child={FIRST} code=0")
    assert not trace.all("fork", parent=FIRST)


def test_too_many(run):
    """The limit of 64 arguments holds for the kernel's command line too; with more the program is not started."""
    run("args", *map(str, range(63))).lines.once("args pass.")
    lines = run("args", *map(str, range(64)), expect=PROGRAM_FAILED).lines
    lines.once('kernel_execve: "args" failed: too big (-12)')
