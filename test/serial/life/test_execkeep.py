# SPDX-License-Identifier: MIT
"""user/life/execkeep.c: what a failed and a successful exec keep.

D04, D43: an exec that fails, because of its arguments or for lack of memory at any step, leaves memory, break and
pid unchanged. D85: none of the failures leaks pages or kernel objects.
"""

from calls import FIRST, results

SMALL = {"memory": "7M", "swap": None, "cmdline": "trace_kib=2048"}  # with swap, exec would not fail
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
    """With few free pages exec fails and its caller exits normally; with more it works. No process is killed."""
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
    """The last exec works in the process that had the failures; it is created once and exits once."""
    trace = run("execkeep", **SMALL).trace
    assert results(trace, "exec") == [-16, -3, -3, -12, 0]
    trace.one("fork", child=FIRST)
    trace.in_order(f"exec pid={FIRST}", f"exec pid={FIRST}", f"exit pid={FIRST} code=0 reason=exit")
