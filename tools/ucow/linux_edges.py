# SPDX-License-Identifier: MIT
"""What system calls return at the edges of their arguments: Linux and ucow, call by call (docs/reports/linux.md).

user/linux/linuxedges.c makes calls that were chosen by hand, user/linux/linuxcalls.c each call of linux.def with each
argument at each edge of its class, on ucow and on this machine's kernel. Where the two differ, REASONS says why; a
difference without a reason, and a reason without a difference, is a mistake.
"""

import re
import shutil
from pathlib import Path

from . import LabError, host
from .build import KERNEL, ROOT
from .children import Scratch
from .machine import PASSED, Machine
from .verdict import problems

PROGRAMS = ("linuxedges", "linuxcalls")
PAGE = ROOT / "docs/reports/linux.md"
LINE = re.compile(r"^edge: (.*) = (-?\d+)$", re.MULTILINE)
ROW = re.compile(r"^calls: (.*)$", re.MULTILINE)
ERROR = re.compile(r"X\((E\w+), (\d+)\)")
BAR = r"\|"  # a bar in a cell of a table
RECORDED = re.compile(r"^\| `(.*)` \| (\S+) \|", re.MULTILINE)
OF_KERNEL = re.compile(r"^\| call \| (Linux [\d.]+) \|", re.MULTILINE)

EVERY_CHILD = "every child is waited for, whatever signal clone() was told to send at its end"
NO_COPY = "no descriptor can be copied"
TERMINAL = "descriptors are a terminal here; they were pipes on Linux"
REASONS = {
    "munmap(KERNEL, PAGE)": "memory of programs ends at 0xB0000000; for a 64-bit Linux it has 4 GiB, for one of the i386 3",
    "wait4(pid, &status, (int)(LINUX_WNOHANG | LINUX_WCLONE), NULL)":
        EVERY_CHILD,
    "set_thread_area(&desc)": "there is one descriptor, number 12: a libc asks for no second",
    "clone.flags": "the end of a child sends no signal (1 to 8); there are no namespaces (bit29, bit30), and no groups for "
                   "input and output (bit31)",
    "execve.path": "only what follows a path's last slash counts, and `odd` is /linuxcalls",
    "fcntl.cmd": NO_COPY,
    "fcntl64.cmd": NO_COPY,
    "getrandom.to": "bytes before the hole are not counted",
    "ioctl.fd": TERMINAL,
    "ioctl.to": TERMINAL,
    "mmap.args": "no descriptor can be mapped, also with no length",
    "mmap2.addr": "memory of programs ends at 0xB0000000",
    "mmap2.flags": "there are no huge pages of any size",
    "mmap2.len": "memory of programs ends at 0xB0000000: no 2 GiB are free",
    "munmap.addr": "memory of programs ends at 0xB0000000",
    "munmap.len": "the stack is in the 2 GiB that go",
    "statx.path": "there are no files: the rest of a path is not read",
    "time.to": "clocks count from boot",
    "wait4.options": EVERY_CHILD,
    "waitid.options": "nothing stops a process: a wait for that alone (2, 8) is refused",
    "waitpid.options": EVERY_CHILD,
}

HEAD = """# Linux and ucow, call by call

System calls with arguments at the edges of what is allowed. `tools/compare --edges` makes them on ucow and on this
machine's own kernel, and writes this page; the test `linuxedges` fails when ucow returns something else than it says.

## Calls chosen by hand

The text of each is in `user/linux/linuxedges.c`. `at` is an address in a mapping. `reads` and `writes` say what a child
ends with that does so: 0, or a signal.
"""

EVERY = """## Every argument at each edge

`user/linux/linuxcalls.c` makes each call of `linux.def` with each of its arguments at each edge of the argument's class, while
the other arguments are usual ones. Two results are those of Linux and of ucow. `n` is any number above 0, `same` the address that
was given, `exits:CODE` and `dies:SIGNAL` how a process ends that does not return from the call. `text` is in the program's
first page, `odd` not aligned, `cut` the last byte before a hole. read() is left out: it waits for input.
"""

Edges = list[tuple[str, int]]
Cells = dict[str, str]  # by edge
Rows = dict[str, tuple[str, Cells]]  # the class and the cells, by call and argument


def edges_in(text: str) -> Edges:
    return [(call, int(value)) for call, value in LINE.findall(text)]


def rows_in(text: str) -> Rows:
    """What linuxcalls printed."""
    error, rows = names(), Rows()
    for line in ROW.findall(text):
        kind, name, *cells = line.split()
        values = (cell.rpartition("=") for cell in cells)
        rows[name.rstrip(".")] = kind, {edge: error.get(int(value), value) if value.startswith("-") else value
                                        for edge, _, value in values}
    return rows


def on_host(build: Path, name: str) -> str:
    """What the program prints on this machine's kernel; LabError where it cannot be asked."""
    with Scratch() as scratch:
        program = Path(scratch, name)
        shutil.copy(build / "user" / name, program)
        done = host.run(program)
    if done.returncode != 0:
        raise LabError(f"{host.name()}: {name} ended with {done.returncode}: {done.stdout}")
    return done.stdout


def on_ucow(build: Path, name: str) -> str:
    ended = Machine(build / KERNEL, [name], ["trace=off"]).run(60)
    try:
        if wrong := problems(ended, PASSED, traced=False):
            raise LabError(f"{name} on ucow: {'; '.join(wrong[:2])}")
        return ended.lines.text
    finally:
        ended.close()


def names() -> dict[int, str]:
    """The errors by number."""
    text = (ROOT / "include/ucow/linux.h").read_text(encoding="utf-8")
    return {-int(number): name for name, number in ERROR.findall(text)}


def recorded() -> tuple[str, list[tuple[str, str]], Rows]:
    """The kernel of the page, and what it returned."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    kernel = OF_KERNEL.search(text)
    by_hand, _, every = text.partition(EVERY)
    rows = Rows()
    for table in re.findall(r"^\| call and .*?(?=\n\n|\Z)", every, re.MULTILINE | re.DOTALL):
        head, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().split("\n")]
        for name, *cells, _ in lines:
            rows[name] = head[0].removeprefix("call and "), {edge: cell.partition(" ")[0]
                                                             for edge, cell in zip(head[1:-1], cells)}
    return kernel[1] if kernel else "", [(call.replace(BAR, "|"), error) for call, error in RECORDED.findall(by_hand)], rows


class Differences:
    """What is different, and whether it has a reason."""

    def __init__(self, kernel: str) -> None:
        self.kernel = kernel
        self.found: set[str] = set()
        self.without: list[str] = []

    def reason(self, call: str, differs: str) -> str:
        """Why a call differs, if it does; `differs` says how."""
        if not differs:
            return ""
        self.found.add(call)
        if call not in REASONS:
            self.without.append(f"`{call}` is {differs} on ucow, and nothing says why")
        return REASONS.get(call, "")

    def check(self) -> None:
        wrong = self.without + [f"`{call}` has a reason to differ, and is the same" for call in REASONS.keys() - self.found]
        if wrong:
            raise LabError("\n".join(wrong))


def table_by_hand(linux: list[tuple[str, str]], ucow: Edges, differences: Differences) -> list[str]:
    """The lines of the first table."""
    error, kernel = names(), differences.kernel
    lines = [f"| call | {kernel} | ucow | why they differ |", "|---|--:|--:|---|"]
    for (call, theirs), (ours_call, value) in zip(linux, ucow, strict=True):
        ours = error.get(value, str(value))
        if call != ours_call:
            raise LabError(f"the page has `{call}` where ucow made `{ours_call}`: tools/compare --edges renews it")
        reason = differences.reason(call, "" if theirs == ours else f"{theirs} on {kernel}, {ours}")
        lines.append(f"| `{call.replace('|', BAR)}` | {theirs} | {ours} | {reason} |")
    return lines


def tables_of_rows(linux: Rows, ucow: Rows, differences: Differences) -> list[str]:
    """The lines of the tables of all arguments, one for each class."""
    if changed := sorted(linux.keys() ^ ucow.keys()):
        raise LabError(f"what has no edges on the page, or only there: {', '.join(changed)}: tools/compare --edges renews it")
    lines: list[str] = []
    for kind in dict.fromkeys(kind for kind, _ in ucow.values()):
        own = {name: cells for name, (other, cells) in ucow.items() if other == kind}
        edges = next(iter(own.values()))
        lines += [f"| call and {kind} | {' | '.join(edges)} | why they differ |", f"|---|{'--:|' * len(edges)}---|"]
        for name, cells in own.items():
            theirs = linux[name][1]
            wrong = [f"{theirs[edge]} on {differences.kernel} and {cells[edge]}" for edge in edges
                     if theirs[edge] != cells[edge]]
            reason = differences.reason(name, ", ".join(wrong))
            shown = [theirs[edge] if theirs[edge] == cells[edge] else f"{theirs[edge]} {cells[edge]}" for edge in edges]
            lines.append(f"| {name} | {' | '.join(shown)} | {reason} |")
        lines.append("")
    return lines


def page(kernel: str, linux: list[tuple[str, str]], ucow: Edges, linux_rows: Rows, ucow_rows: Rows) -> str:
    """The text of the page. LabError if a difference has no reason, or a reason no difference."""
    differences = Differences(kernel)
    by_hand = table_by_hand(linux, ucow, differences)
    differ = f"{len(linux)} calls, of which {len(differences.found)} differ.\n"
    rows = tables_of_rows(linux_rows, ucow_rows, differences)
    attempts = sum(len(cells) for _, cells in ucow_rows.values())
    rows_differ = len(differences.found & ucow_rows.keys())
    every = f"{attempts} calls; {rows_differ} of {len(ucow_rows)} arguments differ at an edge.\n"
    differences.check()
    return "\n".join([HEAD, differ, *by_hand, "", EVERY, every, *rows])


def linux_now(build: Path) -> tuple[str, list[tuple[str, str]], Rows]:
    """The same as recorded(), from this machine's kernel."""
    error = names()
    by_hand, every = (on_host(build, name) for name in PROGRAMS)
    return host.name(), [(call, error.get(value, str(value))) for call, value in edges_in(by_hand)], rows_in(every)


def renew(build: Path) -> str:
    """Ask both, and write the page. Returns what was done, in a sentence."""
    kernel, linux, rows = linux_now(build)
    by_hand, every = (on_ucow(build, name) for name in PROGRAMS)
    PAGE.write_text(page(kernel, linux, edges_in(by_hand), rows, rows_in(every)), encoding="utf-8")
    return (f"{PAGE.relative_to(ROOT)}: {len(linux)} calls and {len(rows)} arguments, of which {len(REASONS)} differ from {kernel}, "
            "each with a reason")
