# SPDX-License-Identifier: MIT
"""What operations cost one static program on ucow and on Debian's Linux for the i386, under the same -icount.

user/linux/linuxbench.c measures itself. On Linux it is the first process of a machine whose whole file system is a cpio
archive with it and the console; no mitigation of the CPU's faults is on, as in ucow.
"""

import re
import signal
from pathlib import Path

from . import LabError, children
from .archive import member
from .bench import ICOUNT, RELEASE, ROW, kernel_of, measure
from .build import ROOT
from .machine import Machine

PROGRAM, MEMORY = "linuxbench", "128M"
PAGE = ROOT / "docs/reports/linux_costs.md"
READERS = ROOT / "README.md", ROOT / "docs/zh/README.md"  # each has the head of the table and some rows
LIBC = ROOT / "build/libc"  # where tools/cc unpacks
VERSION = re.compile(r"vmlinuz-(.*)")
TITLES = {
    "getpid": "getpid", "yield": "sched_yield, no other process", "switch": "futex: wake, sleep, switch",
    "fork": "fork + exit + wait, tiny", "fork-4M": "the same, 4 MiB dirty",
    "fork-4M-write": "the same, 4 MiB, child writes every page",
    "exec": "fork + exec + exit + wait", "kill": "kill + wait, child yielding", "demand-zero": "demand-zero fault",
    "cow-copy": "COW fault that copies",
}
HEAD = """# What a program for Linux costs on Linux and on ucow

One program, `user/linux/linuxbench.c`, on both kernels: guest instructions under QEMU's `-icount shift=0`, medians of 15, 128 MiB,
one CPU. Linux is Debian's for the i386, without mitigations; ucow is the release build. `tools/bench --linux` writes this page.
"""


def linux_kernel() -> Path:
    """The newest that tools/cc has unpacked."""
    found = sorted((LIBC / "boot").glob("vmlinuz-*-686*"))
    if not found:
        raise LabError("there is no Linux for the i386: tools/cc --unpack linux-image downloads Debian's, 50 MB")
    return found[-1]


def special(name: str, mode: int, major: int = 0, minor: int = 0) -> bytes:
    """A folder or a device of an archive."""
    head = member(name, b"")
    return head[:14] + b"%08X" % mode + head[22:78] + b"%08X%08X" % (major, minor) + head[94:]


def initial_files(program: bytes) -> bytes:
    """The archive that Linux unpacks as its root: the program as first process and by its name, and the console."""
    return b"".join([special("dev", 0o40755), special("dev/console", 0o20600, 5, 1), member("init", program),
                     member(PROGRAM, program), member("TRAILER!!!", b"")])


def on_linux(kernel: Path, program: Path, timeout: float) -> dict[str, float]:
    """The rows on Linux."""
    with children.Scratch() as scratch:
        files = Path(scratch, "files")
        files.write_bytes(initial_files(program.read_bytes()))
        words: list[str | Path] = [
            "timeout", "-k", "2", str(timeout), "qemu-system-i386", "-kernel", kernel, "-initrd", files,
            "-append", "console=ttyS0 nokaslr mitigations=off panic=-1 quiet", *ICOUNT, "-m", MEMORY, "-display", "none",
            "-nodefaults", "-serial", "stdio", "-no-reboot", "-rtc", "base=2020-01-01,clock=vm"]
        done = children.run(words, signal.SIGTERM)
    if f"{PROGRAM} pass." not in done.stdout:
        raise LabError(f"{kernel.name} did not come to the end of {PROGRAM}:\n{done.stdout[-2000:]}")
    rows = (ROW.match(line.strip()) for line in done.stdout.splitlines())
    return {row[1]: float(row[2]) for row in rows if row}


def renewed(text: str, table: list[str]) -> str:
    """A text whose lines that begin with the first cell of a row of the table are that row."""
    rows = {line.split("|")[1]: line for line in table if not line.startswith("|--")}
    return "".join(rows.get(line.split("|")[1], line.rstrip("\n")) + "\n" if line.startswith("|") else line
                   for line in text.splitlines(keepends=True))


def bench_linux(timeout: float, folder: Path) -> str:
    """Measure on both, and write the page. Returns its table."""
    linux = linux_kernel()
    kernel = kernel_of("cow", [*RELEASE.options, "-Dswap=false"], folder / "cow")
    ours = measure(Machine(kernel, [PROGRAM], ["trace=off"], extra=ICOUNT, memory=MEMORY), timeout)
    theirs = on_linux(linux, kernel.parents[1] / "user" / PROGRAM, timeout)
    name = VERSION.match(linux.name)
    lines = [f"| operation | Linux {name[1] if name else ''} | ucow | ratio |", "|---|--:|--:|--:|"]
    for row, title in TITLES.items():
        lines.append(f"| {title} | {theirs[row]:,.0f} | {ours[row]:,.0f} | {theirs[row] / ours[row]:.1f} |")
    table = "\n".join(lines)
    PAGE.write_text(f"{HEAD}\n{table}\n", encoding="utf-8")
    for reader in READERS:
        reader.write_text(renewed(reader.read_text(encoding="utf-8"), lines), encoding="utf-8")
    return f"{table}\n{PAGE.relative_to(ROOT)} has this table, and README.md some of its rows."
