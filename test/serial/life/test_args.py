# SPDX-License-Identifier: MIT
"""user/life/args.c: the first program gets its arguments on the stack that the System V i386 ABI wants.

D44: it becomes a program without a system call from the kernel to itself.
D87: what is unusual about arguments is no reason to read past them.
"""

import pytest
from calls import FIRST, calls
from ucow.machine import PROGRAM_FAILED

LONG = "x" * 300


@pytest.mark.parametrize("arguments", [(), ("one",), ("-v", "--", "a=b", "'"), (LONG, "y"), tuple("abcdefghijklmnop")],
                         ids=["none", "one", "odd", "long", "many"])
def test_arguments(run, arguments):
    """argv[0] is the program's name; the rest is what the command line has after it."""
    out = run("args", *arguments)
    wanted = ["args", *arguments]
    out.lines.in_order(f"args: argc = {len(wanted)}", "args pass.")
    assert out.lines.count(f"args: argc = {len(wanted)}") == 1
    assert [line.split(" = ", 1)[1] for line in out.lines if line.startswith("args: argv[")] == wanted


def test_life(run):
    """One process, one exec; its first system call is the program's own."""
    trace = run("args").trace
    exec_ = trace.one("exec", pid=FIRST)
    assert exec_.entry >= 0x800020
    assert calls(trace)[0].enter.seq > exec_.seq
    trace.in_order(f"exec pid={FIRST}", f"exit pid={FIRST} code=0 reason=exit", f"reap parent=1 child={FIRST} code=0")
    assert not trace.all("fork", parent=FIRST)


def test_too_many(run):
    """64 words are exec's limit, on the kernel's command line too; beyond it the program is not started."""
    run("args", *map(str, range(63))).lines.once("args pass.")
    lines = run("args", *map(str, range(64)), expect=PROGRAM_FAILED).lines
    lines.once('kernel_execve: "args" failed: too big (-12)')
