# SPDX-License-Identifier: MIT
"""Many plang programs in one boot, and what was wrong with each.

The programs travel in a copy of the interpreter's ELF file, as one more segment. A machine that ends
badly says nothing about a single program: then the programs are run in halves until one of them is
found that the machine does not survive.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import LabError, host
from ..build import options_of
from ..children import Scratch
from ..machine import PASSED, Machine
from ..verdict import problems
from .language import WORD
from .oracle import Report, Translation, encode

PROGRAMS_AT = 0x400000  # below the interpreter: the heap begins after the last segment
LINUX_PROGRAMS_AT = 0x08048000  # the same for the interpreter with a library for Linux
PHDR = struct.Struct("<8I")
LOAD, READ, PAGE = 1, 4, 4096
PHOFF_AT, PHNUM_AT = 28, 44
REPORT = re.compile(r"^@([0-9a-f]+)\.([0-9a-f]+) ([0-9a-f]+)$", re.MULTILINE)

# Under pressure: less is left than the processes of a few programs need.
SHORT_MEMORY, LEAVE_PAGES, SWAP = "8M", 200, "32M"

Reports = dict[int, list[int]]  # process -> the values it reported


def with_segment(elf: bytes, va: int, data: bytes) -> bytes:
    """The ELF file with a segment more, to be read at `va` (SysV ABI, chapter 5)."""
    phoff, = struct.unpack_from("<I", elf, PHOFF_AT)
    phnum, = struct.unpack_from("<H", elf, PHNUM_AT)
    offset = -(-len(elf) // PAGE) * PAGE
    table = (PHDR.pack(LOAD, offset, va, va, len(data), len(data), READ, PAGE)
             + elf[phoff:phoff + phnum * PHDR.size])
    image = bytearray(elf.ljust(offset, b"\0") + data)
    struct.pack_into("<I", image, PHOFF_AT, len(image))
    struct.pack_into("<H", image, PHNUM_AT, phnum + 1)
    return bytes(image + table)


@dataclass(frozen=True)
class Setting:
    """A build and the machine for it. `jobs` programs run at a time; unless `leave` is 0 a process keeps all
    memory busy but that many pages, and there is a disk to swap to. `linux`: programs make the calls of Linux."""
    name: str
    folder: Path
    memory: str = "32M"
    jobs: int = 4
    leave: int = 0
    swap: str = ""
    timeout: float = 60

    linux: bool = False

    def words(self) -> list[str]:
        """The command that runs the programs of a batch."""
        at = LINUX_PROGRAMS_AT if self.linux else PROGRAMS_AT
        return ["plang", f"{at:x}", *([f"{self.leave:x}"] if self.leave else [])]

    def write(self, folder: Path, programs: Sequence[Translation], jobs: int) -> Path:
        """The interpreter with the programs, as a file in `folder`."""
        interpreter = self.folder / ("user/linuxplang" if self.linux else "user/plang")
        if not interpreter.is_file():
            raise LabError(f"{self.folder}: no build with user/{interpreter.name} in it: ninja -C {self.folder}")
        at = LINUX_PROGRAMS_AT if self.linux else PROGRAMS_AT
        program = folder / "plang"
        program.write_bytes(with_segment(interpreter.read_bytes(), at, encode(programs, jobs)))
        return program

    def output(self, programs: Sequence[Translation], jobs: int) -> tuple[str, str]:
        """What the programs print, and what is wrong with the machine itself."""
        with Scratch() as scratch:
            modules = {"plang": self.write(Path(scratch), programs, jobs)}
            ended = Machine(self.folder / "kernel/ucow.elf", self.words(), ["trace=off"], modules, memory=self.memory,
                            swap=self.swap or None).run(self.timeout)
        try:
            return ended.lines.text, "; ".join(problems(ended, PASSED, traced=False)[:2])
        finally:
            ended.close()


@dataclass(frozen=True)
class Host(Setting):
    """Linux: the kernel of this machine, with the interpreter of a build."""

    def output(self, programs: Sequence[Translation], jobs: int) -> tuple[str, str]:
        with Scratch() as scratch:
            done = host.run(self.write(Path(scratch), programs, jobs), *self.words()[1:], seconds=self.timeout)
        return done.stdout, "" if done.returncode == 0 else f"status {done.returncode}: {done.stdout.splitlines()[-1:]}"


def host_of(folder: Path) -> Host:
    return Host(host.name(), folder, linux=True)


def settings_of(folder: Path, name: str | None = None, linux: bool = False) -> list[Setting]:
    """How a build is tried: as it is, and if it swaps also where memory is short."""
    options = options_of(folder)
    if linux and not options["linux"]:
        raise LabError(f"{folder} is built with -Dlinux=false")
    name = name or ("cow" if options["cow"] else "eager")
    plain = Setting(name, folder, linux=linux)
    return [plain] if not options["swap"] else [plain, replace(plain, name=f"{name}, swapping", memory=SHORT_MEMORY,
                                                            leave=LEAVE_PAGES, swap=SWAP)]


@dataclass(frozen=True)
class Difference:
    """What a kernel made of a program that it should not have; `where` is the process, if it is one's."""
    setting: str
    where: str
    what: str
    in_company: bool = False  # only beside other programs

    def __str__(self) -> str:
        return f"{self.setting}: {self.where and f'process {self.where}: '}{self.what}"


def shown(values: Sequence[int]) -> str:
    return " ".join(f"{value:#x}" if value < WORD - 64 else f"{value - WORD - 1}" for value in values) or "nothing"


def difference(expected: Sequence[Report], seen: Sequence[int]) -> str | None:
    """The first report of a process that is not the expected one, in words."""
    for i, (value, statement) in enumerate(expected):
        if i >= len(seen):
            return f"it ended before `{statement}`, which should come to {shown([value])}"
        if seen[i] != value:
            return f"`{statement}` should come to {shown([value])}, came to {shown([seen[i]])}"
    if len(seen) > len(expected):
        return f"after its last statement it should be dead, and reported {shown(seen[len(expected):])}"
    return None


def compare(setting: Setting, program: Translation, reports: Reports) -> Difference | None:
    """The first process that reported what it should not."""
    for process in program.processes:
        if what := difference(process.reports, reports.get(process.node, [])):
            return Difference(setting.name, process.name, what)
    return None


def run(setting: Setting, programs: Sequence[Translation], jobs: int) -> tuple[dict[int, Difference], str]:
    """One boot: what differs, by the program's place, and what is wrong with the machine itself."""
    text, trouble = setting.output(programs, jobs)
    reports: dict[int, Reports] = defaultdict(lambda: defaultdict(list))
    for number, node, value in REPORT.findall(text):
        reports[int(number, 16)][int(node, 16)].append(int(value, 16))
    found = ((i, compare(setting, program, reports[i])) for i, program in enumerate(programs))
    return {i: wrong for i, wrong in found if wrong}, trouble


def examine(setting: Setting, programs: Sequence[Translation], jobs: int | None = None) -> dict[int, Difference]:
    """What is wrong with each of the programs, by its place; of those that the machine does not survive, the first."""
    jobs = jobs or setting.jobs
    wrong, trouble = run(setting, programs, jobs)
    if not trouble:
        return wrong
    if len(programs) == 1:
        return {0: Difference(setting.name, "", f"the machine: {trouble}")}
    half = len(programs) // 2
    if found := examine(setting, programs[:half], jobs):
        return found
    if found := examine(setting, programs[half:], jobs):
        return {half + i: what for i, what in found.items()}
    return {0: Difference(setting.name, "", f"with the {len(programs) - 1} programs behind it, the machine: {trouble}",
                          in_company=True)}
