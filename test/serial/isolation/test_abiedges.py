# SPDX-License-Identifier: MIT
"""user/isolation/abiedges.c: every system call of syscalls.def, each argument at each edge of its class.

D01, D04, D05, D14, D33: the result is what the tables below promise, other processes go on, and a call that fails
changes nothing. A new system call needs a row for each argument: test_a_call_without_promises says where.

A cell is an error or a number; `n` any number above 0; `same` the address that was given; `exits:CODE`; `dies`; or
`sleeps`, if the call waits for what never comes, here for input. `base` is the first address of user space, `hole` is
not mapped, `cut` is the last byte before it, `odd` is not aligned, `fits` is the last 256 bytes of user space, `last`
its last byte, `end` the byte after it, `wrap` 0xffffffff. The other arguments are usual ones.
"""

import re

import pytest
from conftest import ROOT

PROMISES = """
address         null low base hole cut readonly noaccess odd fits last end kernel wrap
wait.code          0  -3   -3   -3  -3       -3       -3   0    0   -3  -3     -3   -3
exec.name         -3  -3   -3   -3  -3      -16       -3 -16  -16  -16  -3     -3   -3
exec.argv         -3  -3   -3   -3  -3       -3       -3  -3   -3   -3  -3     -3   -3
clone.stack        n   n    n    n   n        n        n   n    n    n   n      n    n
brk.addr           n   n    n    n   n        n        n   n    n    n   n      n    n
mmap.addr          n   n same same   n        n        n   n    n    n   n      n    n
munmap.addr        0  -3    0    0  -3        0        0  -3   -3   -3  -3     -3   -3
read.buf          -3  -3   -3   -3  -3       -3       -3 sleeps sleeps -3 -3   -3   -3
write.buf         -3  -3   -3   -3  -3        4       -3   4    4   -3  -3     -3   -3
procs.buf         -3  -3   -3   -3  -3       -3       -3   n    n   -3  -3     -3   -3
meminfo.info      -3  -3   -3   -3  -3       -3       -3   0    0   -3  -3     -3   -3
pageout.addr      -3  -3    0    0   1        0        0   2   -3   -3  -3     -3   -3
pages.counts      -3  -3   -3   -3  -3       -3       -3   0    0   -3  -3     -3   -3
ledger.buf        -3  -3   -3   -3  -3       -3       -3   n    n   -3  -3     -3   -3
waitany.pid        0  -3   -3   -3  -3       -3       -3   0    0   -3  -3     -3   -3
waitany.code       0  -3   -3   -3  -3       -3       -3   0    0   -3  -3     -3   -3
programs.buf      -3  -3   -3   -3  -3       -3       -3   n    n   -3  -3     -3   -3

pid                0   1   -1  min own gone max
wait.pid           0  -2   -2   -2  -2   -2  -2
kill.pid          -3  -3   -3   -3 dies  -3  -3
pages.pid          0   0   -2   -2   0   -2  -2
setpgid.pid        0  -2   -3   -3   0   -2  -2
setpgid.group      0  -3   -3   -3   0   -3  -3
getpgid.pid        n   1   -2   -2   n   -2  -2
tcsetpgrp.group   -3  -3   -3   -3   0   -3  -3

flags              0   1 bit31 all
clone.flags        n  -3    -3  -3
mmap.prot          n   n     n   n
mmap.flags        -3  -3    -3  -3
inject.flags       0   0    -3  -3
waitany.flags      0   0    -3  -3
tcsetmode.mode    12  12    -3  -3

number             0   1  max  min  -1
exit.code     exits:0 exits:1 exits:2147483647 exits:-2147483648 exits:-1
exec.argc     exits:0 exits:0 -12 -3 -3
sleep.ticks        0   0 sleeps sleeps sleeps
mmap.len          -3   n   -4   -4  -4
munmap.len        -3   0   -3   -3  -3
putc.c             0   0    0    0   0
read.fd       sleeps sleeps -3  -3  -3
read.n             0 sleeps sleeps sleeps sleeps
write.fd           4   4   -3   -3  -3
write.n            0   1   -3   -3  -3
procs.n            n   n    n    n   n
procs.first_pid    n   n    n    n   n
inject.kind        0   0   -3   -3  -3
inject.nth         0   0    0   -3  -3
pageout.len        0   1   -3   -3  -3
ledger.n           n   n    n    n   n
ledger.first       n   n    n    n   n
programs.n         n   n    n    n   n
programs.first     n   n    n    n   n
setpriority.n      0   0   -3   -3  -3

nothing         made
fork.              n
yield.             0
gettime.           n
getpid.            n
pgdir.             0
getppid.           n
"""

NO_DEVICE = "-13"
HERE = "test/serial/isolation/test_abiedges.py"
DECLARED = re.compile(r'^SYSCALL\d\(\d+, (\w+), ([^"]*)"', re.MULTILINE)

Cells = dict[str, str]  # by edge


def promised() -> dict[str, tuple[str, Cells]]:
    """The class and the cells of each row, by call and argument."""
    rows = {}
    for table in PROMISES.strip().split("\n\n"):
        head, *lines = table.split("\n")
        kind, *edges = head.split()
        for line in lines:
            name, *cells = line.split()
            assert len(cells) == len(edges), f"{HERE}: the row {name} needs a result for each of {' '.join(edges)}"
            rows[name] = kind, dict(zip(edges, cells))
    return rows


def declared(text: str) -> set[str]:
    """The calls and arguments of syscalls.def."""
    return {f"{name}.{argument}" for name, words in DECLARED.findall(text)
            for argument in [word.strip() for word in words.split(",")][1::2] or [""]}


def complaints(names: set[str], rows: set[str]) -> list[str]:
    """A sentence for each argument without a promise, and for each promise without an argument."""
    return [f"include/ucow/syscalls.def has {name.replace('.', '(')}), and the ABI's tests do not know what it promises: add "
            f"a row \"{name} RESULT...\" to its class's table in {HERE}, with a result for each column"
            for name in sorted(names - rows)] + [
        f"{HERE} promises results of {name}, which include/ucow/syscalls.def does not have: remove the row"
        for name in sorted(rows - names)]


def results(lines) -> dict[str, tuple[str, Cells]]:
    """What the program printed, in the form of promised()."""
    rows = {}
    for line in lines:
        if line.startswith("abiedges: "):
            _, kind, name, *cells = line.split()
            rows[name] = kind, dict(cell.split("=") for cell in cells)
    return rows


def kept(wanted: str, seen: str) -> bool:
    return seen == wanted or wanted == "n" and seen.isdecimal() and seen != "0"


def test_a_call_without_promises():
    names = declared((ROOT / "include/ucow/syscalls.def").read_text())
    assert complaints(names, set(promised())) == [], "\n".join(complaints(names, set(promised())))
    assert len(complaints(names | {"reboot.how"}, set(promised()))) == 1
    assert len(complaints(names - {"brk.addr"}, set(promised()))) == 1


@pytest.fixture
def absent(build) -> set[str]:
    """The calls that have no device in this build."""
    return ({"inject"} if not build.inject else set()) | ({"pageout"} if not build.swap else set())


def test_promises(run, absent):
    """Runs without the trace, which would take longer to check than the attempts."""
    out = run("abiedges", cmdline="trace=off")
    out.lines.once("abiedges pass.")
    seen, wrong = results(out.lines), []
    for name, (kind, cells) in promised().items():
        if name.partition(".")[0] in absent:
            cells = dict.fromkeys(cells, NO_DEVICE)
        assert (name, kind, list(cells)) == (name, seen[name][0], list(seen[name][1]))
        wrong += [f"{name} at the edge {edge} is {seen[name][1][edge]}, should be {cell}"
                  for edge, cell in cells.items() if not kept(cell, seen[name][1][edge])]
    assert not wrong, "\n".join(wrong)
    assert set(seen) == set(promised())
