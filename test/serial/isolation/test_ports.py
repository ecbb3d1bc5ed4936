# SPDX-License-Identifier: MIT
"""user/isolation/ports.c: no port and no interrupt flag is a program's. (D09)

With SMEP, SMAP and UMIP, too: more protection must not open anything.
"""

import re

import pytest
from calls import FIRST

PORTS = [0x20, 0x21, 0x40, 0x60, 0x64, 0x80, 0xf4, 0x1f0, 0x3f8, 0x604, 0xffff]
REFUSED = 2 * len(PORTS) + 4


@pytest.mark.parametrize("cpu", [None, "max"])
def test_lines(run, cpu):
    out = run("ports", cpu=cpu)
    for port in PORTS:
        out.lines.once(f"ports: in from port {port:#x} = -9")
        out.lines.once(f"ports: out to port {port:#x} = -9")
    for what in ("in of 32 bits", "in of 32 bits at the last port", "cli", "hlt"):
        out.lines.once(f"ports: {what} = -9")
    out.lines.once("ports: I/O privilege level after popf = 0")
    out.lines.once("ports pass.")
    assert out.lines.count("  trap 0x0000000d General Protection") == REFUSED
    assert out.lines.count(re.compile(r"^  flag .*IOPL=0$")) == REFUSED


def test_deaths(run):
    """One child dies for each attempt, and of nothing but it; the machine is not reset by any."""
    trace = run("ports").trace
    deaths = trace.all("exit code=-9 reason=fault")
    assert [exit_.pid for exit_ in deaths] == [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert len(deaths) == REFUSED
    assert not trace.all("fault outcome=segv")
    trace.one(f"exit pid={FIRST} code=0 reason=exit")
