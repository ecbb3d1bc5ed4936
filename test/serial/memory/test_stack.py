# SPDX-License-Identifier: MIT
"""user/memory/stack.c: the program and the kernel can use all 256 pages of the stack.

D33: the same vma decides for both; below it nothing is mapped.
"""

from calls import FIRST, call_around, calls

TOP, PAGES, PAGE = 0xB0000000, 256, 0x1000
BOTTOM = TOP - PAGES * PAGE
USER_BIT = 4  # Intel SDM 3A 4.7


def test_lines(run):
    out = run("stack")
    out.lines.in_order("stack: this line comes from the lowest page", "stack: write from below it = -3",
                       "stack: meminfo into the lowest page = 0", "stack: meminfo into what begins below it = -3",
                       "stack: store to the lowest byte = 0", "stack: store one byte below = -9",
                       "stack: store one page below = -9", "stack: a mapping beside the guard page = 1",
                       "stack: no mapping is made in it = 1", "stack pass.")
    deaths = [line.partition(" dies: ")[2] for line in out.lines if " dies: " in line]
    assert deaths == [f"write to {va:#010x}, which is below its stack of 1024 KiB" for va in (BOTTOM - 1, BOTTOM - PAGE)]


def test_pages_come_on_demand(run):
    """Every page that exec did not fill is filled once, by a fault of the program."""
    trace = run("stack").trace
    pages = [fault.va // PAGE for fault in trace.all("fault outcome=fill", pid=FIRST) if BOTTOM <= fault.va < TOP]
    assert len(pages) == len(set(pages)) == PAGES - 1
    assert min(pages) == BOTTOM // PAGE


def test_below_is_nobodys(run):
    """Accesses below the lowest page give -3 in system calls and kill the children."""
    trace = run("stack").trace
    faults = trace.all("fault outcome=segv")
    assert all(BOTTOM - PAGE - 1 <= fault.va < BOTTOM for fault in faults)
    kernels = [fault for fault in faults if not fault.error & USER_BIT]
    assert [(call_around(trace, fault).name, call_around(trace, fault).result) for fault in kernels] == [
        ("write", -3), ("meminfo", -3)]
    died = [fault.pid for fault in faults if fault.error & USER_BIT]
    assert died == [exit_.pid for exit_ in trace.all("exit code=-9 reason=fault")] and len(died) == 2


def test_the_kernel_reads_the_lowest_page(run):
    trace = run("stack").trace
    assert [call.result for call in calls(trace, "write") if call.enter.arg1 == BOTTOM] == [44]
