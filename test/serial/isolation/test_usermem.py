# SPDX-License-Identifier: MIT
"""user/isolation/usermem.c: every system call with a pointer, with every kind of page.

D14, D33: a call whose memory cannot be read or written returns -3 and does nothing. D04: a failed exec leaves its
caller unchanged. D35, D79: writes by the kernel act like the program's own stores. The program itself checks the
bytes: those written, those beside them, and those that other processes see.
"""

import re

import pytest
from calls import FIRST, calls
from conftest import ROOT

ALPHABET = "abcdefghijklmnopqrstuvwxyz"

# "zeros": the page is new. So it holds no program's name (-16), and its pointers are NULL (-3).
TABLE = """
                               wait waitany    read   procs meminfo   pages  ledger programs   write    name    argv  string
written                          ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
shared with a child              ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
shared with a dead child         ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
never touched                    ok      ok      ok      ok      ok      ok      ok       ok   zeros     -16      -3   zeros
MAP_SHARED                       ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
MAP_SHARED, never touched        ok      ok      ok      ok      ok      ok      ok       ok   zeros     -16      -3   zeros
to write only                    ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
to read                          -3      -3      -3      -3      -3      -3      -3       -3   zeros     -16      -3   zeros
to read, never touched           -3      -3      -3      -3      -3      -3      -3       -3   zeros     -16      -3   zeros
no rights                        -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
nothing                          -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
up to nothing                    ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
written | nothing                -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
nothing | written                -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
written | no rights              -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
written | to read                -3      -3      -3      -3      -3      -3      -3       -3   zeros     -16      -3   zeros
written | never touched          ok      ok      ok      ok      ok      ok      ok       ok   zeros     -16      -3   zeros
child's | child's                ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
child's | MAP_SHARED             ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
MAP_SHARED | child's             ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
never touched | child's          ok      ok      ok      ok      ok      ok      ok       ok   zeros     -16      -3   zeros
the program's text               -3      -3      -3      -3      -3      -3      -3       -3      ok      ok      ok      ok
the program's data               ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
below the stack                  -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
below the stack | stack          -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
the last bytes                   ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
a byte beyond the last           -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
the kernel                       -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
NULL                             ok      ok      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
around 4 GiB                     -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
""".strip("\n").splitlines()

SWAPPED_TABLE = """
                               wait waitany    read   procs meminfo   pages  ledger programs   write    name    argv  string
swapped                          ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
swapped, as a child's            ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
MAP_SHARED, swapped              ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
swapped | swapped                ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
swapped | written                ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
written | swapped                ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
swapped | never touched          ok      ok      ok      ok      ok      ok      ok       ok   zeros     -16      -3   zeros
both a child's, swapped          ok      ok      ok      ok      ok      ok      ok       ok      ok      ok      ok      ok
swapped | nothing                -3      -3      -3      -3      -3      -3      -3       -3      -3      -3      -3      -3
""".strip("\n").splitlines()

# The outcomes of the kernel's own faults while it writes (meminfo) and reads (string), which show that a row is
# what its name says. Copy and reuse need copy-on-write; a range outside user space never faults.
FAULTS = {
    "written": ([], []),
    "shared with a child": (["copy"], []),
    "shared with a dead child": (["reuse"], []),
    "never touched": (["fill"], ["fill"]),
    "MAP_SHARED": ([], []),
    "MAP_SHARED, never touched": (["fill"], ["fill"]),
    "to read": (["segv"], []),
    "to read, never touched": (["segv"], ["fill"]),
    "no rights": (["segv"], ["segv"]),
    "nothing": (["segv"], ["segv"]),
    "written | nothing": (["segv"], ["segv"]),
    "written | never touched": (["fill"], ["fill"]),
    "child's | child's": (["copy", "copy"], []),
    "MAP_SHARED | child's": (["copy"], []),
    "never touched | child's": (["fill", "copy"], ["fill"]),
    "the program's data": (["fill"], ["fill"]),
    "below the stack": (["segv"], ["segv"]),
    "a byte beyond the last": ([], []),
    "the kernel": ([], []),
    "NULL": ([], []),
    "around 4 GiB": ([], []),
}

# The system calls with pointers, and the columns that try them.
COLUMNS = {"wait": {"wait"}, "waitany": {"waitany"}, "read": {"read"}, "write": {"write"}, "procs": {"procs"}, "meminfo": {"meminfo"},
           "pages": {"pages"}, "ledger": {"ledger"}, "programs": {"programs"},
           "exec": {"name", "argv", "string"}}
USER_BIT = 4  # Intel SDM 3A 4.7: the fault came from user mode
PAGES_OF_STACK = 0xAFF00000


def typed_at(boot, *words):
    """Run the program with enough input."""
    with boot("usermem", *words, cmdline="trace_kib=1024") as live:
        live.expect("usermem: ")
        live.type(4 * ALPHABET)
        return live.end()


def assert_table(lines, table):
    """Each cell has the expected result. Successful writes print everything, refused ones nothing."""
    lines.once("usermem pass.")
    seen = [line.removeprefix("usermem: ") for line in lines if line.startswith("usermem: ")]
    assert [line.split() for line in seen] == [line.split() for line in table]
    written = [row.split()[-4] for row in table[1:]]
    console = lines.lines[lines.lines.index("usermem: " + seen[0]) + 1:lines.lines.index("usermem pass.")]
    others = [line for line in console if line and not line.startswith("usermem: ")]
    assert others.count("written") == written.count("ok")
    assert len([line for line in others if "\0" in line]) == len(others) - written.count("ok") == written.count("zeros")


def test_table(boot):
    assert_table(typed_at(boot).lines, TABLE)


def test_swapped(boot, build):
    """The same with pages that are swapped out when the kernel reads or writes them."""
    if not getattr(build, "swap", False):
        pytest.skip("the kernel is built without swap")
    assert_table(typed_at(boot, "swapped").lines, SWAPPED_TABLE)


def test_every_pointer_has_a_column():
    """A new system call with a pointer needs a column in usermem.c and in the table."""
    text = (ROOT / "include/ucow/syscalls.def").read_text()
    with_pointers = re.findall(r"^SYSCALL\d\(\d+, (\w+),.*\b(?:PTR|STR), ", text, re.MULTILINE)
    assert set(with_pointers) == set(COLUMNS)
    assert set().union(*COLUMNS.values()) == set(TABLE[0].split())


def kernel_faults(trace, pid, name):
    """The outcomes of the kernel's faults inside the first call `name` of a process, without the top of the stack."""
    call = calls(trace, name, pid=pid)[0]
    end = call.leave.seq if call.leave else call.enter.seq + 1
    return [fault.shown("outcome") for fault in trace.all("fault", pid=pid)
            if call.enter.seq < fault.seq < end and not fault.error & USER_BIT and fault.va < PAGES_OF_STACK]


def test_pages_are_what_rows_say(boot, build):
    """The kernel faults at the pages that the row names, and nowhere else. (P01, P02, P04)"""
    trace = typed_at(boot).trace
    cells = iter(fork.child for fork in trace.all("fork", parent=FIRST))
    columns = TABLE[0].split()
    rows = [re.split("  +", row)[0] for row in TABLE[1:]]
    found = {}
    for row in rows:
        pids = dict(zip(columns, cells))
        found[row] = (kernel_faults(trace, pids["meminfo"], "meminfo"), kernel_faults(trace, pids["string"], "exec"))
    no_cow = {"copy", "reuse"} if not build.cow else set()
    for row, (writes, reads) in FAULTS.items():
        assert (row, *found[row]) == (row, [outcome for outcome in writes if outcome not in no_cow], reads)
    assert next(cells, None) is None
