# SPDX-License-Identifier: MIT
"""user/isolation/badsys.c: every number that is no system call returns -20. (D01)"""

from calls import FIRST, calls

UNIMPLEMENTED = -20
ODD = {-1, -(1 << 31), (1 << 31) - 1, 0x10000, 0x40000012, -0x7fffffee, 0x10012}


def test_lines(run):
    out = run("badsys")
    out.lines.once("badsys: call -1 = -20")
    out.lines.once("badsys: call -2147483648 = -20")
    out.lines.once("badsys: call 1073741842 = -20")
    out.lines.once("badsys: the caller goes on = 1")
    out.lines.once("badsys pass.")


def test_numbers(run):
    """The program tries all numbers from -300 to 300 that are not in syscalls.def, and its extreme ones."""
    trace = run("badsys").trace
    names = next(field for field in trace.format.by_name["syscall_enter"].fields if field.name == "nr").names
    refused = {call.enter.nr for call in calls(trace) if call.result == UNIMPLEMENTED}
    unknown = ({*range(-300, 301)} | ODD) - {nr for nr, name in names.items() if not name.startswith("linux_")}
    assert refused == {number & 0xffffffff for number in unknown}
    trace.one(f"exit pid={FIRST} code=0 reason=exit")
