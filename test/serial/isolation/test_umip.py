# SPDX-License-Identifier: MIT
"""user/isolation/umip.c: with UMIP, a program cannot read the addresses of the kernel's tables. (D18)"""

import re

import pytest

NAMES = ["sgdt", "sidt", "sldt", "str", "smsw"]


@pytest.mark.parametrize("cpu, code", [("qemu32", 0), ("max", -9)])
def test_lines(run, cpu, code):
    out = run("umip", cpu=cpu)
    out.lines.once(re.compile(f"^cpu: .*umip={int(code != 0)}$"))
    for name in NAMES:
        out.lines.once(f"umip: {name} = {code}")
    out.lines.once("umip pass.")


@pytest.mark.parametrize("cpu, deaths", [("qemu32", 0), ("max", len(NAMES))])
def test_deaths(run, cpu, deaths):
    trace = run("umip", cpu=cpu).trace
    assert len(trace.all("exit code=-9 reason=fault")) == deaths
    trace.one("exit pid=2 code=0 reason=exit")
