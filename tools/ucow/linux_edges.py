# SPDX-License-Identifier: MIT
"""What system calls return at the edges of their arguments: Linux and ucow, call by call (docs/reports/linux.md).

user/linux/linuxedges.c makes the calls and prints a line for each, on ucow and on this machine's kernel. Where the two
differ, REASONS says why; a difference without a reason, and a reason without a difference, is a mistake.
"""

import re
import shutil
from pathlib import Path

from . import LabError, host
from .build import KERNEL, ROOT
from .children import Scratch
from .machine import PASSED, Machine
from .verdict import problems

PROGRAM = "linuxedges"
PAGE = ROOT / "docs/reports/linux.md"
LINE = re.compile(r"^edge: (.*) = (-?\d+)$", re.MULTILINE)
ERROR = re.compile(r"X\((E\w+), (\d+)\)")
RECORDED = re.compile(r"^\| `(.*)` \| (\S+) \|", re.MULTILINE)
OF_KERNEL = re.compile(r"^\| call \| (Linux [\d.]+) \|", re.MULTILINE)

REASONS = {
    "munmap(KERNEL, PAGE)": "memory of programs ends at 0xB0000000; for a 64-bit Linux it has 4 GiB, for one of the i386 3",
    "wait4(pid, &status, (int)(LINUX_WNOHANG | LINUX_WCLONE), NULL)":
        "every child is waited for, whatever signal clone() was told to send at its end",
    "set_thread_area(&desc)": "there is one descriptor, number 12: a libc asks for no second",
}

HEAD = """# Linux and ucow, call by call

System calls with arguments at the edges of what is allowed, made by `user/linux/linuxedges.c`, where the text of each is
to be found. `tools/compare --edges` runs it on ucow and on this machine's own kernel, and writes this page; the test
`linuxedges` fails when ucow returns something else than it says.

`at` is an address in a mapping. `reads` and `writes` say what a child ends with that does so: 0, or a signal.
"""

Edges = list[tuple[str, int]]


def edges_in(text: str) -> Edges:
    return [(call, int(value)) for call, value in LINE.findall(text)]


def on_host(build: Path) -> Edges:
    """What this machine's kernel returns; LabError where it cannot be asked."""
    with Scratch() as scratch:
        program = Path(scratch, PROGRAM)
        shutil.copy(build / "user" / PROGRAM, program)
        done = host.run(program)
    if done.returncode != 0:
        raise LabError(f"{host.name()}: {PROGRAM} ended with {done.returncode}: {done.stdout}")
    return edges_in(done.stdout)


def on_ucow(build: Path) -> Edges:
    ended = Machine(build / KERNEL, [PROGRAM], ["trace=off"]).run(60)
    try:
        if wrong := problems(ended, PASSED, traced=False):
            raise LabError(f"{PROGRAM} on ucow: {'; '.join(wrong[:2])}")
        return edges_in(ended.lines.text)
    finally:
        ended.close()


def names() -> dict[int, str]:
    """The errors by number."""
    text = (ROOT / "include/ucow/linux.h").read_text(encoding="utf-8")
    return {-int(number): name for name, number in ERROR.findall(text)}


def recorded() -> tuple[str, list[tuple[str, str]]]:
    """The kernel of the page, and what it returned."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    kernel = OF_KERNEL.search(text)
    return kernel[1] if kernel else "", RECORDED.findall(text)


def page(kernel: str, linux: list[tuple[str, str]], ucow: Edges) -> str:
    """The text of the page. LabError if a difference has no reason, or a reason no difference."""
    error = names()
    lines, without, used = [], [], set()
    for (call, theirs), (ours_call, value) in zip(linux, ucow, strict=True):
        ours = error.get(value, str(value))
        reason = ""
        if call != ours_call:
            raise LabError(f"the page has `{call}` where ucow made `{ours_call}`: tools/compare --edges renews it")
        if theirs != ours:
            used.add(call)
            reason = REASONS.get(call, "")
            without += [] if reason else [f"`{call}` is {theirs} on {kernel}, {ours} on ucow, and nothing says why"]
        lines.append(f"| `{call}` | {theirs} | {ours} | {reason} |")
    without += [f"`{call}` has a reason to differ, and is the same" for call in REASONS.keys() - used]
    if without:
        raise LabError("\n".join(without))
    differ = f"{len(lines)} calls, of which {len(used)} differ.\n"
    return "\n".join([HEAD, differ, f"| call | {kernel} | ucow | why they differ |", "|---|--:|--:|---|", *lines, ""])


def renew(build: Path) -> str:
    """Ask both, and write the page. Returns what was done, in a sentence."""
    error = names()
    linux = [(call, error.get(value, str(value))) for call, value in on_host(build)]
    PAGE.write_text(page(host.name(), linux, on_ucow(build)), encoding="utf-8")
    return f"{PAGE.relative_to(ROOT)}: {len(linux)} calls, of which {len(REASONS)} differ from {host.name()}, each with a reason"
