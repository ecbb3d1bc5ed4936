# SPDX-License-Identifier: MIT
"""user/isolation/badptr.c: no pointer that a program passes to the kernel harms either of them.

D04, D05: exec with bad pointers. D14: a fault in the kernel's copy becomes -3, and wait() does not lose the child.
D33: the vmas of the process decide, to the byte.
"""

from calls import FIRST, call_around, calls, last_exit

INVAL = -3
CODE = 0x1234567
USER_BIT = 4  # Intel SDM 3A 4.7: the fault came from user mode
WITH_POINTERS = ("wait", "read", "write", "procs", "meminfo", "exec")


def test_lines(run):
    out = run("badptr")
    refused = [line for line in out.lines if " at 0x" in line and line.endswith(" = -3")]
    assert len(refused) == 17 * 8 - 1  # each address with each call, except NULL with wait
    out.lines.once("badptr: wait into a constant = -3")
    out.lines.once(f"badptr: exit code of the child that waited through all this = {CODE}")
    out.lines.once("badptr pass.")


def test_faults_become_errors(run):
    """At unmapped pages the kernel faults, inside the call that returns -3."""
    trace = run("badptr").trace
    faults = trace.all("fault outcome=segv")
    assert faults
    for fault in faults:
        call = call_around(trace, fault)
        assert not fault.error & USER_BIT
        assert call.name in WITH_POINTERS and call.result == INVAL
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_child_is_kept(run):
    """Many waits fail because of their pointer; the last one reaps the zombie, once."""
    trace = run("badptr").trace
    child = trace.one("fork", parent=FIRST).child
    waits = calls(trace, "wait")
    assert [call.result for call in waits] == [INVAL] * (len(waits) - 1) + [0] and len(waits) > 10
    reap = trace.one("reap", child=child)
    assert reap.code == CODE and reap.seq > waits[-1].enter.seq
    assert last_exit(trace, child).seq < waits[0].enter.seq
