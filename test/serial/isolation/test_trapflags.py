# SPDX-License-Identifier: MIT
"""user/isolation/trapflags.c: every exception that a program can raise ends that process only.

D02: no other process is affected. D13: `int $0x20` and the like are not taken for hardware interrupts.
"""

import re

import pytest
from calls import FIRST

TRAPS = {
    "division by zero": "0x00000000 Divide error",
    "single step": "0x00000001 Debug",
    "icebp": "0x0000000(1 Debug|6 Invalid Opcode)",  # QEMU's TCG raises the second
    "breakpoint": "0x00000003 Breakpoint",
    "overflow": "0x00000004 Overflow",
    "bound": "0x00000005 BOUND Range Exceeded",
    "undefined opcode": "0x00000006 Invalid Opcode",
    "int 8": "0x0000000d General Protection",
    "system segment as stack": "0x0000000d General Protection",
    "int of the timer": "0x0000000d General Protection",
    "int of irq 7": "0x0000000d General Protection",
    "int 255": "0x0000000d General Protection",
    "int 2": "0x0000000d General Protection",
    "read of cr3": "0x0000000d General Protection",
    "write of cr0": "0x0000000d General Protection",
    "lidt": "0x0000000d General Protection",
    "jump to kernel code": "0x0000000d General Protection",
    "return to kernel code": "0x0000000d General Protection",
}
# Without SMAP: QEMU 7.2 reads a program's stack for a far return with the kernel's rights, which SMAP forbids.
PROCESSORS = [None, "max,smap=off"]  # with SMAP, QEMU refuses a far return its own stack: test_umip.py


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_lines(run, cpu):
    """The name of each trap is printed before the exit code of the child."""
    out = run("trapflags", cpu=cpu)
    for name, trap in TRAPS.items():
        out.lines.once(f"trapflags: {name} = -9")
    out.lines.in_order(*[re.compile(f"^  trap {trap}$") for trap in TRAPS.values()])
    assert out.lines.count("killed by kernel.") == len(TRAPS)
    out.lines.once("trapflags pass.")


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_deaths(run, cpu):
    """Each attempt forks one child, which a fault kills and the parent reaps; the timer's count stays right."""
    trace = run("trapflags", cpu=cpu).trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [exit_.pid for exit_ in trace.all("exit code=-9 reason=fault")] == children
    assert len(children) == len(TRAPS)
    assert [reap.child for reap in trace.all("reap", parent=FIRST, code=-9)] == children
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_with_smap_nothing_is_tried_for_ever(run):
    """A far return that the processor refuses its own stack ends the process, as everything else here does."""
    run("trapflags", cpu="max").lines.once("trapflags pass.")
