# SPDX-License-Identifier: MIT
"""user/isolation/kernelaccess.c: a program can neither read, write nor execute addresses outside user space.

D02: an attempt ends this process only. D18: no page of the kernel has the user bit, with and
without SMEP, SMAP and UMIP. D70: a store to a kernel address is not taken for copy-on-write.
"""

import re

import pytest
from calls import FIRST

USERTOP = 0xB0000000
KERNEL_TEXT = 0xC0100000
ADDRESSES = [0, 0x1000, 0x1FFFFC, 0xB0000000, 0xB8000000, 0xC0000000, 0xC0100000, 0xC0800020, 0xF8000000, 0xFAC00000,
             0xFAFEB000, 0xFB000000, 0xFFFFF000, 0xFFFFFFFC]
PROCESSORS = [None, "max"]
USER_BIT, WRITE_BIT, PRESENT_BIT = 4, 2, 1  # of the error code: Intel SDM 3A 4.7


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_lines(run, cpu):
    out = run("kernelaccess", cpu=cpu)
    out.lines.once(re.compile("^cpu: .*smep={0} smap={0} umip={0}".format(1 if cpu else 0)))
    for address in ADDRESSES:
        for how in ("load from", "store to", "call of"):
            out.lines.once(f"kernelaccess: {how} 0x{address:08x} = -9")
    assert out.lines.count("killed by kernel.") == 3 * len(ADDRESSES)
    out.lines.once("kernelaccess pass.")


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_faults(run, cpu):
    """Every attempt is a user's fault at that address, and the end of the one child that made it."""
    trace = run("kernelaccess", cpu=cpu).trace
    faults = trace.all("fault outcome=segv")
    assert [fault.va for fault in faults] == [address for address in ADDRESSES for _ in range(3)]
    assert all(fault.error & USER_BIT for fault in faults)
    assert [bool(fault.error & WRITE_BIT) for fault in faults] == [False, True, False] * len(ADDRESSES)
    for fault in faults:
        trace.in_order(f"exit pid={fault.pid} code=-9 reason=fault", f"reap parent={FIRST} child={fault.pid} code=-9",
                       after=fault)
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_error_codes(run, cpu):
    """The kernel's text is present, so the CPU finds a violation of its protection; elsewhere it finds no page."""
    faults = run("kernelaccess", cpu=cpu).trace.all("fault outcome=segv")
    loads, stores = ({fault.va: fault.error for fault in faults[kind::3]} for kind in range(2))
    assert [loads[KERNEL_TEXT], stores[KERNEL_TEXT]] == [USER_BIT | PRESENT_BIT, USER_BIT | WRITE_BIT | PRESENT_BIT]
    assert [loads[USERTOP], stores[USERTOP]] == [USER_BIT, USER_BIT | WRITE_BIT]


def test_nothing_is_copied_for_them(run):
    """No address of the kernel ever comes to a copy or to a page taken back."""
    trace = run("kernelaccess").trace
    served = trace.of("page_copy") + [fault for fault in trace.of("fault") if fault.shown("outcome") != "segv"]
    assert served and all(0x200000 <= record.va < USERTOP for record in served)
