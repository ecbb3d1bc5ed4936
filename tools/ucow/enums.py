# SPDX-License-Identifier: MIT
"""The enumerations of include/ucow/enums.def, as this source tree declares them.

A kernel that was built before the tree changed may have other names: its own are in Format of trace.py.
"""

import re
from functools import cache
from pathlib import Path

from . import LabError

DEFINITION = Path(__file__).resolve().parents[2] / "include/ucow/enums.def"
ENUM = re.compile(r"^ENUM\((\w+)\)\n(.*?)^ENUM_END$", re.MULTILINE | re.DOTALL)
VALUE = re.compile(r"^[A-Z_]+\((.*)\)(?: +/\*.*\*/)?$", re.MULTILINE)
COLUMN = re.compile(r'(?:"[^"]*"|[^,"])+')
ARROW = re.compile(r"TO\((\w+)\)")


@cache
def enumerations() -> dict[str, list[list[str]]]:
    """For each enumeration its values in order, as the columns of their lines; strings are without quotes."""
    found = {name: [[column.strip().strip('"') for column in COLUMN.findall(columns)]
                    for columns in VALUE.findall(lines)]
             for name, lines in ENUM.findall(DEFINITION.read_text(encoding="utf-8"))}
    if not found or not all(found.values()):
        raise LabError(f"{DEFINITION} has an enumeration without values, or none")
    return found


def names(enumeration: str) -> list[str]:
    """The names that traces and tools print, in order of their numbers."""
    column = 0 if enumeration == "state" else 1
    return [value[column] for value in enumerations()[enumeration]]


def may_become() -> dict[str, set[str]]:
    """The states that may follow each state."""
    return {state: set(ARROW.findall(next_states)) for state, next_states in enumerations()["state"]}


def gates() -> dict[str, str]:
    """The kernel's functions that ask inject_fails(), and the kind that each asks for."""
    return {gate: name for _, name, _, asking in enumerations()["kind"] for gate in asking.split()}
