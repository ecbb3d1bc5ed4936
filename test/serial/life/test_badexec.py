# SPDX-License-Identifier: MIT
"""user/life/badexec.c: a failed exec returns an error and leaves its caller unchanged.

D04, D43: the caller continues as the same program. D85: none of the failures leaks anything.
D87: a negative argc, INT_MIN, INT_MAX, and an argc of 0.
"""

from calls import FIRST, calls, results

NOENT, INVAL, TOO_BIG = -16, -3, -12


def test_lines(run):
    out = run("badexec")
    for line in ("exec of an unknown program = -16", "exec with argc -1 = -3", "exec with argc INT_MIN = -3",
                 "exec with argc INT_MAX = -12", "exec with 65 arguments = -12",
                 "exec with 4097 bytes of arguments = -12", "exit code of args with no argument = 0",
                 "exit code of args with 64 arguments = 0", "exit code of args with 4096 bytes = 0"):
        out.lines.once(f"badexec: {line}")
    for argc in (0, 64, 2):
        out.lines.once(f"args: argc = {argc}")
    out.lines.once("badexec pass.")


def test_failures(run):
    """Eleven failures in one process, which stays the same program and exits normally."""
    trace = run("badexec").trace
    assert results(trace, "exec") == [NOENT] * 5 + [INVAL] * 3 + [TOO_BIG] * 3
    assert len(trace.all("exec", pid=FIRST)) == 1
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_successes(run):
    """Three children execute args, which calls write and exit."""
    trace = run("badexec").trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert len(children) == 3
    for child in children:
        assert [call.name for call in calls(trace, pid=child) if call.name != "write"] == ["exec", "exit"]
        trace.in_order(f"fork parent={FIRST} child={child}", f"exec pid={child}",
                       f"exit pid={child} code=0 reason=exit", f"reap parent={FIRST} child={child} code=0")
