# SPDX-License-Identifier: MIT
"""Which lines and branches of the kernel's .c files have run, in one build or in several taken together.

A build has counted programs: its kernel, with the counts of all machines that booted it, and the unit tests. llvm-cov
says of each by itself what ran, and here that is added up line by line. So a line that one configuration
compiles away counts when it runs in another.

Left out are the files of planted/, mistakes that tests make on purpose, and the branches inside ASSERT and RULE: only
a broken kernel takes the other one of such a pair.
"""

import json
import re
import shlex
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from . import LabError, children
from .children import Scratch
from .counters import raw_profile

ROOT = Path(__file__).resolve().parents[2]
REASONS = ROOT / "test/coverage.toml"
ASSERTION = re.compile(r"\b(ASSERT|RULE)\(")
NO_CODE = re.compile(r"\s*(/\*.*|\*( .*|/)?|)")
OPTIONS = re.compile(r'"([^"]*cc=clang-(\d+)[^"]*)"')


@dataclass
class Source:
    """A file of the kernel: how often each line and each way out of a condition was taken."""
    name: str
    lines: Counter[int] = field(default_factory=Counter)
    branches: Counter[tuple[int, int]] = field(default_factory=Counter)  # by line, and place in the line
    functions: dict[int, str] = field(default_factory=dict)              # by first line

    @cached_property
    def _text(self) -> list[str]:
        return (ROOT / self.name).read_text(encoding="utf-8").split("\n")

    @cached_property
    def _assertions(self) -> set[int]:
        return {number for number, line in enumerate(self._text, 1) if ASSERTION.search(line)}

    def forget_empty_lines(self) -> None:
        """llvm-cov counts them, and comments, in a function that a program has and never calls."""
        for number in [number for number in self.lines if NO_CODE.fullmatch(self._text[number - 1])]:
            del self.lines[number]

    @property
    def counted(self) -> dict[tuple[int, int], int]:
        """The branches that are not of an assertion."""
        return {at: count for at, count in self.branches.items() if at[0] not in self._assertions}

    def function_at(self, line: int) -> str:
        """The function of a line; above the first there are only macros."""
        return self.functions.get(max((first for first in self.functions if first <= line), default=0), "macros")

    def missed(self) -> dict[str, "Missed"]:
        """What never ran, by function."""
        found: dict[str, Missed] = {}
        for line in sorted(line for line, count in self.lines.items() if not count):
            found.setdefault(self.function_at(line), Missed()).lines.append(line)
        for line, _ in sorted(at for at, count in self.counted.items() if not count):
            found.setdefault(self.function_at(line), Missed()).branches.append(line)
        return found


@dataclass
class Missed:
    """What never ran of one function: lines, and the lines of branches."""
    lines: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)


class CountedBuild:
    """A build directory with -Dcoverage=true, whose tests have run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kernel = folder / "kernel/ucow.elf"
        config = folder / "kernel/config.h"
        options = OPTIONS.search(config.read_text(encoding="utf-8")) if config.is_file() else None
        if not options:
            raise LabError(f"{folder} is no build directory of ucow")
        self.options, self.clang = options[1], int(options[2])
        commands = json.loads((folder / "compile_commands.json").read_text(encoding="utf-8"))
        self._compiler = next(shlex.split(entry["command"])[0] for entry in commands if "kernel/" in entry["output"])

    def must_be_of(self, root: Path) -> None:
        """Refuse a build of another source tree: none of its files would be found here."""
        info = json.loads((self.folder / "meson-info/meson-info.json").read_text(encoding="utf-8"))
        if (source := info["directories"]["source"]) != str(root):
            raise LabError(f"{self.folder} is a build of {source}: use its tools/coverage")

    def tool(self, name: str, *arguments: str | Path) -> str:
        """Run the compiler's own llvm-profdata or llvm-cov: each version has its own formats."""
        path = children.run([self._compiler, f"-print-prog-name={name}"])
        if not Path(path.stdout.strip()).is_absolute():  # the compiler has not found it
            raise LabError(f"{name} is not installed: apt-get install llvm-{self.clang}")
        done = children.run([path.stdout.strip(), *arguments], stderr=subprocess.PIPE)
        if done.returncode:
            raise LabError(f"{name}: {done.stderr.strip()}")
        return done.stdout

    def programs(self, scratch: Path) -> dict[Path, Path]:
        """From each program that has run since it was built to its raw counts."""
        kernel_counts = scratch / "kernel.profraw"
        kernel_counts.write_bytes(raw_profile(self.kernel, self.clang))
        programs = {self.kernel: kernel_counts}
        for counts in sorted(self.folder.glob("test/unit/*.profraw")):
            program = counts.with_name(counts.name.split(".")[0])
            if program.is_file() and counts.stat().st_size and counts.stat().st_mtime > program.stat().st_mtime:
                programs[program] = counts
        return programs

    def reports(self) -> Iterator[str]:
        """What llvm-cov says of each program, as lcov writes it."""
        with Scratch() as scratch:
            profile = Path(scratch, "profile")
            for program, counts in self.programs(Path(scratch)).items():
                self.tool("llvm-profdata", "merge", counts, "-o", profile)
                yield self.tool("llvm-cov", "export", "-format=lcov", "-instr-profile", profile, program)

    def write_html(self, folder: Path) -> None:
        """The sources with their counts, as pages to read."""
        with Scratch() as scratch:
            profile = Path(scratch, "profile")
            programs = self.programs(Path(scratch))
            self.tool("llvm-profdata", "merge", *programs.values(), "-o", profile)
            objects: list[str | Path] = []
            for program in list(programs)[1:]:
                objects += ["-object", program]
            self.tool("llvm-cov", "show", "-format=html", "-show-branches=count", "-output-dir", folder,
                      "-instr-profile", profile, self.kernel, *objects, "-ignore-filename-regex", r"\.h$")


def _add(report: str, sources: dict[str, Source]) -> None:
    """Add what llvm-cov says of one program."""
    source = Source("")
    for row in report.splitlines():
        kind, _, rest = row.partition(":")
        if kind == "SF":
            path = Path(rest).resolve()
            name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT / "kernel") else ""
            keep = name.endswith(".c") and "planted" not in Path(name).parts
            source = sources.setdefault(name, Source(name)) if keep else Source("")
        elif kind == "FN":
            words = rest.split(",")
            source.functions.setdefault(int(words[0]), words[-1].rsplit(":")[-1])
        elif kind == "DA":
            line, count = map(int, rest.split(","))
            source.lines[line] += count
        elif kind == "BRDA":
            words = rest.split(",")
            source.branches[int(words[0]), int(words[2])] += 0 if words[3] == "-" else int(words[3])


def coverage(builds: Sequence[CountedBuild]) -> dict[str, Source]:
    """The kernel's files by name."""
    sources: dict[str, Source] = {}
    for build in builds:
        build.must_be_of(ROOT)
    for build in builds:
        for report in build.reports():
            _add(report, sources)
    for source in sources.values():
        source.forget_empty_lines()
    return dict(sorted(sources.items()))


def share(counts: list[int]) -> tuple[float, str]:
    """How many of these are not 0, in per cent and in words."""
    taken = sum(map(bool, counts))
    percent = 100 * taken / len(counts) if counts else 100.0
    return percent, f"{percent:.1f} % ({taken:,} of {len(counts):,})"


def all_lines(sources: dict[str, Source]) -> list[int]:
    return [count for source in sources.values() for count in source.lines.values()]


def all_branches(sources: dict[str, Source]) -> list[int]:
    return [count for source in sources.values() for count in source.counted.values()]


def summary(sources: dict[str, Source]) -> str:
    return f"coverage: lines {share(all_lines(sources))[1]}, branches {share(all_branches(sources))[1]}"


def left_out(sources: dict[str, Source]) -> list[str]:
    """The kernel's .c files that are not among these."""
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kernel").rglob("*.c")}
    return sorted(names - set(sources))


AT_TIMES = "at times "
Place = tuple[str, str]  # a file and a function


def missed_functions(sources: dict[str, Source]) -> dict[Place, Missed]:
    """Every function of which something never ran."""
    return {(name, function): missed for name, source in sources.items()
            for function, missed in source.missed().items()}


def reasons() -> dict[Place, str]:
    """Why the rest of a function does not run, as the table of reasons has it."""
    table = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {(name, function): why for name, functions in table.items() for function, why in functions.items()}


def reason_of(place: Place, given: dict[Place, str]) -> str:
    """A function's own reason, or that of its whole file."""
    return given.get(place) or given.get((place[0], "*")) or ""


def complaints(sources: dict[str, Source], given: dict[Place, str]) -> list[str]:
    """Functions that are owed a reason, and reasons for what has run or does not exist.

    What runs in some runs of the tests and not in others has a reason that begins with AT_TIMES.
    """
    missed = missed_functions(sources)
    owed = [f"{name}: {function} has lines that never run: test them, or give the reason in {REASONS.name}"
            for (name, function), what in missed.items() if what.lines and not reason_of((name, function), given)]
    with_cause = set(missed) | {(name, "*") for name, _ in missed}
    return owed + [f"{REASONS.name}: nothing of {name}: {function} is left to run: remove its reason"
                   for (name, function), why in given.items()
                   if (name, function) not in with_cause and not why.startswith(AT_TIMES)]
