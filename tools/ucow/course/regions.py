# SPDX-License-Identifier: MIT
"""The regions of a source that a lab leaves to be written: the lines between two comments,

    /* LAB 4 begin: copy_range_write */
    ...
    /* LAB 4 end */

A region lies in one file, its name is unique in its lab, and regions do not overlap.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .. import LabError

MARKER = re.compile(r"^\s*/\*\s*LAB\b.*$")
BEGIN = re.compile(r"^\s*/\* LAB ([1-9][0-9]?) begin: (\w+) \*/$")
END = re.compile(r"^\s*/\* LAB ([1-9][0-9]?) end \*/$")


@dataclass(frozen=True)
class Region:
    """A region: `first` and `last` are the places of its markers in the list of lines."""
    lab: int
    name: str
    first: int
    last: int


def regions_of(text: str, file: str) -> list[Region]:
    """The regions of all labs in a source, in order. Raises LabError with the place of a marker that is wrong."""
    found: list[Region] = []
    opened: tuple[int, str, int] | None = None
    for at, line in enumerate(text.split("\n")):
        if not MARKER.match(line):
            continue
        place, begin, end = f"{file}:{at + 1}", BEGIN.match(line), END.match(line)
        if begin:
            if opened:
                raise LabError(f"{place}: a region begins inside region {opened[1]}, which has no end before it")
            opened = int(begin[1]), begin[2], at
            if any((region.lab, region.name) == opened[:2] for region in found):
                raise LabError(f"{place}: lab {begin[1]} has a region {begin[2]} already")
        elif end:
            if not opened:
                raise LabError(f"{place}: a region ends that has not begun")
            if int(end[1]) != opened[0]:
                raise LabError(f"{place}: region {opened[1]} of lab {opened[0]} ends as one of lab {end[1]}")
            found.append(Region(*opened, at))
            opened = None
        else:
            raise LabError(f"{place}: no marker: write /* LAB N begin: NAME */ or /* LAB N end */")
    if opened:
        raise LabError(f"{file}:{opened[2] + 1}: region {opened[1]} has no end")
    return found


def replaced(text: str, file: str, lab: int, stubs: Mapping[str, str]) -> str:
    """The source with a stub in each of the lab's regions; the markers stay. Raises LabError for a region that has no stub."""
    lines = text.split("\n")
    for region in reversed([region for region in regions_of(text, file) if region.lab == lab]):
        if region.name not in stubs:
            raise LabError(f"{file}:{region.first + 1}: lab {lab} has no stub for its region {region.name}")
        lines[region.first + 1:region.last] = stubs[region.name].rstrip("\n").split("\n")
    return "\n".join(lines)


def outside(text: str, file: str, lab: int) -> str:
    """The source without the inside of the lab's regions: what a solution has no reason to change."""
    return replaced(text, file, lab, {region.name: "" for region in regions_of(text, file)})
