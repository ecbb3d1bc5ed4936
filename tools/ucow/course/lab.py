# SPDX-License-Identifier: MIT
"""The labs: course/NAME/lab.toml has what a lab cuts out, and what it gives points for."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import LabError
from ..build import ROOT
from .regions import regions_of, replaced

COURSE = ROOT / "course"


@dataclass(frozen=True)
class Check:
    """Something that a solution gets points for: a program of user/course, and what it must print and do.

    `judge` is "lines": the program's answers and the events that belong to them; "events": also what events.py asks
    for under the check's name; "clean": the whole run passes, so all memory was given back; or "rules": the kernel's own
    checks, in a build that has them, find nothing.
    """
    name: str
    points: int
    what: str
    program: Sequence[str]
    judge: str
    where: str
    hint: str = ""
    memory: str = "128M"
    swap: str = ""


@dataclass(frozen=True)
class Lab:
    """A lab. `options` are the build options it is done with."""
    name: str
    number: int
    title: str
    hours: str
    files: Sequence[str]
    stubs: Mapping[str, str]
    check: Sequence[Check] = ()
    options: Sequence[str] = ()
    omit: Sequence[str] = field(default=())

    @property
    def folder(self) -> Path:
        """Where its text and lists are."""
        return COURSE / self.name

    @property
    def points(self) -> int:
        """What the reference gets."""
        return sum(check.points for check in self.check)

    def source(self, file: str) -> str:
        """One of its files in this tree, which is the reference."""
        return (ROOT / file).read_text(encoding="utf-8")

    @cached_property
    def handed_out(self) -> Mapping[str, str]:
        """Its files as the hand-out has them. Raises LabError if a marker or a stub is missing."""
        made = {file: replaced(self.source(file), file, self.number, self.stubs) for file in self.files}
        marked = {region.name for file in self.files for region in regions_of(self.source(file), file)
                  if region.lab == self.number}
        if missing := self.stubs.keys() - marked:
            raise LabError(f"course/{self.name}/lab.toml has a stub {min(missing)}, and no file of the lab has that region: "
                           f"its markers are missing")
        return made


def load(folder: Path) -> Lab:
    """The lab in a folder of course/."""
    with (folder / "lab.toml").open("rb") as file:
        try:
            entry: dict[str, Any] = tomllib.load(file)
            entry["check"] = [Check(**check) for check in entry.get("check", [])]
            return Lab(name=folder.name, **entry)
        except (tomllib.TOMLDecodeError, TypeError) as error:
            raise LabError(f"course/{folder.name}/lab.toml: {error}") from None


def labs() -> list[Lab]:
    """All labs, by number."""
    return sorted((load(path.parent) for path in COURSE.glob("*/lab.toml")), key=lambda lab: lab.number)


def lab_called(word: str) -> Lab:
    """The lab with this number or name."""
    known = labs()
    for lab in known:
        if word in (lab.name, str(lab.number)):
            return lab
    raise LabError(f"there is no lab {word}: there are " + ", ".join(f"{lab.number} ({lab.name})" for lab in known))
