# SPDX-License-Identifier: MIT
"""A long search on many machines: shards of its units, files of results, and merged reports.

A search has units, numbered from 0; a unit's result does not depend on the others. Shard I of N has every N-th unit
from I - 1 on, so N shards are disjoint and together the whole. A results file has a line for each unit that is done;
a search that finds the file continues after them. Its report is made from the results only, so a report of merged
files is the report of one run.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from elftools.elf.elffile import ELFFile

from . import LabError

Result = Any  # what json can write, and reads back the same
Save = Callable[[int, Result], None]


@dataclass(frozen=True)
class Part:
    """What a command does of a search: shard `number` of `of`, with its results in a file; or a merge of files."""
    number: int = 1
    of: int = 1
    results: Path | None = None
    merge: tuple[Path, ...] = ()

    @classmethod
    def from_words(cls, shard: str, results: Path | None, merge: tuple[Path, ...]) -> "Part":
        """`shard` is I/N, or empty."""
        match = re.fullmatch(r"(\d+)/(\d+)", shard or "1/1")
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise LabError(f"--shard {shard}: write I/N, with I from 1 to N, as in 2/3")
        if merge and (shard or results):
            raise LabError("--merge only reads files of results: leave out --shard and --results")
        return cls(int(match[1]), int(match[2]), results, merge)

    def owns(self, unit: int) -> bool:
        return unit % self.of == self.number - 1


@dataclass(frozen=True)
class Search:
    """Which search a result belongs to: its command, how many units it has, and the code of the kernels it tries; a
    merge without a kernel takes that of the files."""
    command: str
    units: int
    kernel: str = ""

    def line(self, unit: int, result: Result) -> str:
        return json.dumps({"search": self.command, "units": self.units, "kernel": self.kernel, "unit": unit,
                           "result": result})

    def read(self, path: Path) -> dict[int, Result]:
        """The results of this search in a file. Refuses those of the same command with other units or kernels."""
        found: dict[int, Result] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                entry = json.loads(line)
                if entry["search"] != self.command:
                    continue
                if entry["units"] != self.units or self.kernel not in ("", entry["kernel"]):
                    raise LabError(f"{path}:{number}: a result of `{self.command}` with another kernel, or another "
                                   "number of units: make all results with the same sources and compiler")
                found[entry["unit"]] = entry["result"]
            except (ValueError, KeyError, TypeError):
                raise LabError(f"{path}:{number}: no line of a results file: if the machine went down while it was "
                               "written, remove the line") from None
        return found

    def kernel_of(self, paths: Sequence[Path]) -> str:
        """The kernels of the first result of this search."""
        lines = (json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()[:1])
        return next((str(entry["kernel"]) for entry in lines if entry.get("search") == self.command), "")

    def merged(self, paths: Sequence[Path]) -> dict[int, Result]:
        """The results of all units, each from one of the files."""
        found: dict[int, Result] = {}
        where: dict[int, Path] = {}
        search = self if self.kernel else replace(self, kernel=self.kernel_of(paths))
        for path in paths:
            for unit, result in search.read(path).items():
                if unit in found:
                    raise LabError(f"{path} and {where[unit]} both have unit {unit} of `{self.command}`: merge each "
                                   "shard once")
                found[unit], where[unit] = result, path
        if missing := [unit for unit in range(self.units) if unit not in found]:
            raise LabError(f"{len(missing)} of the {self.units} units of `{self.command}` are in none of the files, the "
                           f"first is {missing[0]}: give the files of all shards, and let those end that still run")
        return found

    def results(self, part: Part, run: Callable[[list[int], Save], None]) -> dict[int, Result]:
        """The results of the part, by unit in ascending order. `run` does units and saves the result of each."""
        if part.merge:
            return dict(sorted(self.merged(part.merge).items()))
        found: dict[int, Result] = {}
        if part.results and part.results.is_file():
            found = {unit: result for unit, result in self.read(part.results).items() if part.owns(unit)}
        todo = [unit for unit in range(self.units) if part.owns(unit) and unit not in found]
        if part.results is None:
            run(todo, found.__setitem__)
        else:
            with part.results.open("a", encoding="utf-8") as file:
                run(todo, self._saving(found, file))
        if unsaved := [unit for unit in todo if unit not in found]:
            raise LabError(f"unit {unsaved[0]} of `{self.command}` has no result")
        return dict(sorted(found.items()))

    def _saving(self, found: dict[int, Result], file: TextIO) -> Save:
        """Keeps a result, and writes it at once."""
        lock = threading.Lock()

        def save(unit: int, result: Result) -> None:
            with lock:
                found[unit] = result
                print(self.line(unit, result), file=file, flush=True)
        return save


def code_of(*kernels: Path) -> str:
    """A name for the code of kernels: the same for the same sources, options and compiler."""
    code = hashlib.sha256()
    for kernel in kernels:
        with kernel.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".text")
            code.update(section.data() if section else b"")
    return code.hexdigest()[:16]
