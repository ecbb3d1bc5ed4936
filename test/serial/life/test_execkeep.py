# SPDX-License-Identifier: MIT
"""user/life/execkeep.c: what an exec keeps when it fails, and what when it works.

D04, D43: an exec that fails, for its arguments or for want of memory at any of its steps, leaves memory,
break and pid as they were. D85: none of the failures leaks: the pages come back, and the ledger is clean.
"""

from calls import FIRST, results

SMALL = {"memory": "8M", "swap": None, "cmdline": "trace_kib=2048"}  # the disk would spare it the failures
SPARES = 24
NO_MEM, FAILED, WORKED = -4, 4, 5


def test_lines(run):
    out = run("execkeep", **SMALL)
    out.lines.in_order("execkeep: exec of an unknown program = -16", "execkeep: exec of a kernel address = -3",
                       "execkeep: exec with a bad argument = -3", "execkeep: exec with too many arguments = -12",
                       "execkeep: memory as before = 1",
                       f"execkeep: execs that failed with -4 or worked = {SPARES}",
                       "execkeep: some failed and some worked = 1",
                       "execkeep: user pages that did not come back = 0", "execkeep: the pid, compared = 0",
                       "execkeep: the parent, compared = 0", "execkeep: first word of data = 55930",
                       "execkeep: break behind bss = 1", "execkeep: load from the mapping that was = -9",
                       "execkeep pass.")


def test_little_memory(run):
    """With few pages exec fails and its caller exits by itself; with more it works; no process dies."""
    trace = run("execkeep", **SMALL).trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)[1:SPARES + 1]]
    codes = [trace.one("exit", pid=pid).code for pid in children]
    failed, worked = (codes.count(code) for code in (FAILED, WORKED))
    assert codes == [FAILED] * failed + [WORKED] * worked and failed > 0 and worked > 0
    for pid, code in zip(children, codes):
        assert results(trace, "exec", pid) == [NO_MEM if code == FAILED else 0]
        assert len(trace.all("exec", pid=pid)) == (0 if code == FAILED else 1)
    assert not trace.all("exit reason=oom")


def test_the_process_stays(run):
    """The last exec works in the process that had the failures: made once, ended once."""
    trace = run("execkeep", **SMALL).trace
    assert results(trace, "exec") == [-16, -3, -3, -12, 0]
    trace.one("fork", child=FIRST)
    trace.in_order(f"exec pid={FIRST}", f"exec pid={FIRST}", f"exit pid={FIRST} code=0 reason=exit")
