# SPDX-License-Identifier: MIT
"""The mistakes that the kernel makes on request, and what its reports must say of them.

kernel/planted/planted.def has a line for each; comments in the sources mark the lines that a report
must name (both are explained there).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import LabError
from .verdict import COMPLAINT

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "kernel/planted/planted.def"
LINE = re.compile(r'^PLANTED\((\w+), (\w+), (\d+), "((?:[^"\\]|\\.)*)", "([^"]*)"\)$', re.MULTILINE)
MARK = re.compile(r"/\* <- (\w+)(?: (taken|freed))? \*/")
ATTRIBUTE = re.compile(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\) ")
BEGINS = re.compile(r"^[A-Za-z_][\w *]*?(\w+)\([^;]*$")
SITE = re.compile(r"(\w+) \(([\w/.]+):(\d+)\)")


@dataclass(frozen=True)
class Site:
    """A place in the source, as the kernel prints it."""
    function: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.function} ({self.file}:{self.line})"


def sites(text: str) -> list[Site]:
    """Every place named in a text, in order."""
    return [Site(function, file, int(line)) for function, file, line in SITE.findall(text)]


@dataclass(frozen=True)
class Mistake:
    """A line of planted.def."""
    name: str
    check: str
    status: int
    says: str
    what: str

    @cached_property
    def marks(self) -> dict[str, list[Site]]:
        """The places a report must name: one of those under "", and under "taken" and "freed" if there are any."""
        return all_marks().get(self.name, {})

    def missing(self, lines: Sequence[str]) -> list[str]:
        """What the report of a run lacks; [] means that the check found it, and named the right places."""
        report = report_of(lines)
        lacks = [] if any(self.says in line for line in report) else [f'no report says "{self.says}"']
        named = sites("\n".join(report))
        for role, places in self.marks.items():
            inside = [site for site in named if site.function == places[0].function]
            if not set(places) & set(inside if role else inside[:1]):
                lacks.append(f"no report names {role or 'the place'} {places[0]}"
                             + (f", but {inside[0]}" if inside else ""))
        return lacks if self.marks else [*lacks, f"no line of the sources is marked <- {self.name}"]


def report_of(lines: Sequence[str]) -> list[str]:
    """The lines from the first complaint on, and what stands above it of the last use of memory."""
    first = next((i for i, line in enumerate(lines) if COMPLAINT.search(line)), None)
    if first is None:
        return []
    above = [line for line in lines[max(0, first - 1):first] if "taken at" in line]
    return [*lines[first:], *above]


def mistakes() -> list[Mistake]:
    """All of them, in the order of planted.def."""
    text = DEFINITION.read_text(encoding="utf-8")
    found = [Mistake(name, check, int(status), says.replace('\\"', '"'), what)
             for name, check, status, says, what in LINE.findall(text)]
    if len(found) != len(re.findall(r"^PLANTED\(", text, re.MULTILINE)):
        raise LabError(f"{DEFINITION}: a line is not PLANTED(name, check, status, \"...\", \"...\")")
    return found


def all_marks() -> dict[str, dict[str, list[Site]]]:
    """Every marked line of the kernel, by the mistake's name and role."""
    marks: dict[str, dict[str, list[Site]]] = {}
    for path in sorted((ROOT / "kernel").rglob("*.[ch]")):
        text = path.read_text(encoding="utf-8")
        if "/* <- " not in text:
            continue
        function = "?"
        for number, line in enumerate(text.splitlines(), 1):
            found = BEGINS.match(ATTRIBUTE.sub("", line))
            function = found[1] if found else function
            if mark := MARK.search(line):
                site = Site(function, path.relative_to(ROOT).as_posix(), number)
                marks.setdefault(mark[1], {}).setdefault(mark[2] or "", []).append(site)
    return marks
