# SPDX-License-Identifier: MIT
"""user/memory/textshare.c: processes of one program share its text pages, and none can change them. (D18)"""

from calls import FIRST, calls
from sharing import PAGE_MASK

TEXT = 0x800000
WRITE_TO_READ_ONLY = 7  # Intel SDM 3A 4.7: present, write, user


def test_lines(run):
    out = run("textshare")
    out.lines.in_order("textshare: store to the first instruction = -9", "textshare: store to the last constant = -9",
                       "textshare: exit code of the first run = 0", "textshare: exit code of the second run = 0",
                       "textshare: exit code of a later run = 0", "textshare pass.")


def test_stores_die(run):
    """The page is present and readable, and a store to it kills the process."""
    trace = run("textshare").trace
    faults = trace.all("fault outcome=segv")
    assert [fault.error for fault in faults] == [WRITE_TO_READ_ONLY] * 2
    assert [fault.pid for fault in faults] == [exit_.pid for exit_ in trace.all("exit code=-9 reason=fault")]


def test_two_at_the_same_time(run):
    """Both processes have executed the program before either exits; a third one does so after them."""
    trace = run("textshare").trace
    first, second, _, _, later = [fork.child for fork in trace.all("fork", parent=FIRST)]
    execs = {pid: trace.one("exec", pid=pid).seq for pid in (first, second, later)}
    exits = {pid: trace.one("exit", pid=pid).seq for pid in (first, second, later)}
    assert max(execs[first], execs[second]) < min(exits[first], exits[second])
    assert max(exits[first], exits[second]) < execs[later]


def test_text_is_not_copied(run):
    """No fork copies a page of text, in any build: read-only pages are shared. (P03)"""
    trace = run("textshare").trace
    assert TEXT not in {copy.va & PAGE_MASK for copy in trace.of("page_copy")}
    assert calls(trace, "fork")
