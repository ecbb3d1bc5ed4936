# SPDX-License-Identifier: MIT
"""user/life/execargs.c: exec passes all arguments, several times in one process, and keeps the pid."""

from calls import FIRST, results


def test_lines(run):
    out = run("execargs")
    out.lines.in_order("args: argc = 5", "args: argv[1] = one", "args: argv[2] = two words", "args: argv[3] =",
                       "args: argv[4] = -last", "execargs: exit code of args = 0")
    out.lines.in_order(*[f"execargs: change of pid with {rounds} rounds to go = 0" for rounds in (3, 2, 1, 0)],
                       "execargs pass.")


def test_same_process(run):
    """The first process executes five programs one after the other; it is created once and exits once."""
    trace = run("execargs").trace
    execs = trace.all("exec", pid=FIRST)
    assert [exec_.shown("name") for exec_ in execs] == ["execargs"] * 5
    assert results(trace, "exec") == [0] * 4
    trace.one("fork", child=FIRST)
    trace.in_order(*[f"exec pid={FIRST}"] * 5, f"exit pid={FIRST} code=0 reason=exit")


def test_child(run):
    """The parent can wait for a child that has executed another program."""
    trace = run("execargs").trace
    child = trace.one("fork", parent=FIRST).child
    trace.in_order(f"fork parent={FIRST} child={child}", f"exec pid={child}", f"exit pid={child} code=0 reason=exit",
                   f"wake pid={FIRST} by={child}", f"reap parent={FIRST} child={child} code=0")
    assert trace.one("exec", pid=child).shown("name") == "args"
