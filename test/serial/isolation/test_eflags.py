# SPDX-License-Identifier: MIT
"""user/isolation/eflags.c: the kernel works the same if a program has set the direction flag, NT or AC. (D08)

On a processor with SMAP, AC would also let the kernel access user memory by mistake.
"""

import pytest
from calls import FIRST, TICK, call_around

FLAGS = ["no flag", "DF", "NT", "AC", "all flags"]
PROCESSORS = [None, "max"]


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_lines(run, cpu):
    out = run("eflags", cpu=cpu)
    for flags in FLAGS:
        out.lines.in_order(f"eflags: write with {flags} = 48",
                           f"eflags: exit code of a child forked with {flags} = 77",
                           f"eflags: sum of fresh pages with {flags} = 7",
                           f"eflags: exit code of args executed with {flags} = 0")
    assert out.lines.count("eflags: this line is written with the flags set") == len(FLAGS)
    out.lines.once("eflags pass.")


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_every_way_in(run, cpu):
    """The flags are set at system calls, at page faults that fill pages, and at timer interrupts."""
    trace = run("eflags", cpu=cpu).trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [exit_.code for exit_ in trace.of("exit")] == [77, 0] * len(FLAGS) + [0]
    assert len(trace.all("exec")) == 1 + len(FLAGS) and len(children) == 2 * len(FLAGS)
    fills = [fault for fault in trace.all("fault outcome=fill", pid=FIRST) if call_around(trace, fault) is None]
    assert len(fills) >= 3 * len(FLAGS)
    ticks = (trace.one("end").stamp - trace.one("exec", pid=FIRST).stamp) / TICK
    assert ticks > 10
