# SPDX-License-Identifier: MIT
"""user/isolation/fpu.c: floating-point registers are a process's own: kept, copied by fork, fresh after exec. (D17)

The processors differ in their registers: x87 only (saved by fnsave or fxsave), x87 and SSE, and all that QEMU has.
"""

import pytest
from calls import FIRST, PACE, call_around

PROCESSORS = [("pentium2,fxsr=off", 0), ("pentium2", 0), ("pentium3", 1), ("qemu32", 1), ("max", 1)]


@pytest.mark.parametrize("cpu, sse", PROCESSORS)
def test_lines(run, cpu, sse):
    out = run("fpu", cpu=cpu)
    out.lines.once(f"fpu: x87 = 1, SSE = {sse}")
    for child in range(3):
        out.lines.once(f"fpu: looks that found child {child}'s unchanged = 21")
    out.lines.once("fpu: looks that found the parent's registers unchanged = 21")
    out.lines.once("fpu: the registers after pages were cleared and copied = 1")
    out.lines.once("fpu: the registers after that was done for a child = 1")
    out.lines.once("fpu: the child's are those of its parent = 1")
    out.lines.once("fpu: x87 control after exec = 895")
    out.lines.once("fpu: SSE registers after exec, against zero = 0")
    out.lines.once("fpu pass.")


@pytest.mark.parametrize("cpu, sse", PROCESSORS)
def test_switches(run, cpu, sse):
    """Four processes with filled registers alternate: by yield, and by preemption in a long loop."""
    trace = run("fpu", cpu=cpu, extra=PACE).trace
    keepers = {FIRST, *(fork.child for fork in trace.all("fork", parent=FIRST)[:3])}
    given_up = [state for state in trace.all("state from=RUNNING to=RUNNABLE") if state.pid in keepers]
    by_timer = [state for state in given_up if call_around(trace, state) is None]
    assert len(given_up) > 80
    assert {state.pid for state in by_timer} == keepers


def test_exec_is_clean_in_a_full_process(run):
    """A child is forked with filled registers; after exec it finds initial ones, and exits with 0."""
    trace = run("fpu").trace
    child = trace.all("fork", parent=FIRST)[-1].child
    trace.in_order(f"fork parent={FIRST} child={child}", f"exec pid={child}", f"exit pid={child} code=0 reason=exit")
