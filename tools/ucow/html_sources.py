# SPDX-License-Identifier: MIT
"""The source lines that the events of a trace belong to: where the kernel records them, and where the program was."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from . import children
from .build import ROOT
from .layout import Layout, layout_of
from .trace import Record, Trace

RECORDS = re.compile(r"\bTRACE(?:_IRQ_OFF)?\((\w+),")
ATTRIBUTE = re.compile(r"__attribute__\(\(.*?\)\) ?")
DEFINITION = re.compile(r"^(?!struct \w+ \{)[a-z].*?\b(\w+)\(")
SYSTEM_CALL = re.compile(r"^\w+ sys_(\w+)\(")
FROM_USER = 4            # Intel SDM 3A 4.7: bit 2 of a page fault's error code
STUBS = {"user/lib/syscall.h", "user/lib/ulib.h", "include/ucow/syscalls.def"}  # what system calls are inlined from
FOLDERS = ("user", "test", "include")  # where programs have their sources


@dataclass(frozen=True)
class Place:
    """A line of a source file, and the function it is in."""
    file: str
    line: int
    function: str


def _places(pattern: re.Pattern[str], path: Path) -> Iterator[tuple[str, Place]]:
    """What the pattern's group is in each line that has it, and where."""
    function = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if definition := DEFINITION.match(ATTRIBUTE.sub("", line)):
            function = definition[1]
        if found := pattern.search(line):
            yield found[1], Place(str(path.relative_to(ROOT)), number, function)


def _in_kernel(layout: Layout, path: Path) -> bool:
    """Whether the kernel was built with this file."""
    return layout.has(str(path.relative_to(ROOT / "kernel")))


@lru_cache(maxsize=None)
def kernel_places(elf: Path) -> dict[str, list[Place]]:
    """Where this kernel records each kind of event."""
    found: dict[str, list[Place]] = {}
    layout = layout_of(elf)
    for path in sorted((ROOT / "kernel").rglob("*.c")):
        if RECORDS.search(path.read_text(encoding="utf-8")) and _in_kernel(layout, path):
            for name, place in _places(RECORDS, path):
                found.setdefault(name, []).append(place)
    return found


@lru_cache(maxsize=None)
def call_places() -> dict[str, Place]:
    """Where the kernel begins to serve each system call."""
    return {name: place for path in sorted((ROOT / "kernel/sys").glob("*.c")) for name, place in _places(SYSTEM_CALL, path)}


def program_address(record: Record) -> int:
    """An address in the instruction of the program that made the event. After a system call, eip is beyond it."""
    eip: int = record["eip"]
    called = record.name == "syscall_enter" or not record["error"] & FROM_USER
    return eip - 1 if called and eip else eip


def addresses(trace: Trace) -> dict[str, set[int]]:
    """The addresses in each program, by its name, that events have."""
    running: dict[int, str] = {}
    found: dict[str, set[int]] = {}
    for record in trace:
        match record.name:
            case "exec":
                running[record.pid] = record.shown("name")
            case "fork":
                running[record.child] = running.get(record.parent, "")
            case _ if "eip" in record.event.place:
                found.setdefault(running.get(record.cpu_pid, ""), set()).add(program_address(record))
    return found


@lru_cache(maxsize=None)
def _in_tree(name: str) -> str | None:
    """A file that the compiler named, in this tree: it may have been compiled at another place."""
    parts = Path(os.path.normpath(name)).parts
    for at, part in enumerate(parts):
        if part in FOLDERS and (ROOT / (path := "/".join(parts[at:]))).is_file():
            return path
    return None


def _place_of(frames: list[dict[str, Any]]) -> Place | None:
    """The innermost frame of an address that is not a stub of a system call."""
    for frame in frames:
        if (path := _in_tree(frame["FileName"])) and path not in STUBS:
            return Place(path, frame["Line"], frame["FunctionName"])
    return None


@lru_cache(maxsize=None)
def _symbolizer() -> str | None:
    return shutil.which("llvm-symbolizer")


def program_places(user: Path, wanted: dict[str, set[int]]) -> dict[str, dict[str, Place]]:
    """The lines at these addresses of programs, by their names, which lie in the folder `user`; none without
    llvm-symbolizer or without the program."""
    found: dict[str, dict[str, Place]] = {name: {} for name in wanted}
    if not (symbolizer := _symbolizer()) or not user.is_dir():
        return found
    with TemporaryFile("w+", encoding="utf-8") as asked:
        asked.writelines(f'"{name}.elf" {address:#x}\n' for name, some in wanted.items() if (user / f"{name}.elf").is_file()
                         for address in sorted(some))
        asked.seek(0)
        answer = children.run([symbolizer, "--output-style=JSON", "--inlines"], stdin=asked, stderr=subprocess.DEVNULL, cwd=user).stdout
    for line in answer.splitlines():
        for told in (told if isinstance(told := json.loads(line), list) else [told]):
            if place := _place_of(told.get("Symbol", [])):
                found[told["ModuleName"].removesuffix(".elf")][str(int(told["Address"], 0))] = place
    return found


def sources(trace: Trace, elf: Path) -> dict[str, Any]:
    """All places that the page shows, and the files they are in. Programs are those beside the kernel's build."""
    user = elf.resolve().parents[1] / "user"
    kinds = {record.name for record in trace}
    events = {name: places for name, places in kernel_places(elf).items() if name in kinds}
    used = {record.shown("nr") for record in trace if record.name == "syscall_enter"}
    calls = {name: place for name, place in call_places().items() if name in used}
    programs = program_places(user, {name: wanted for name, wanted in addresses(trace).items() if name})
    places = [*(place for some in events.values() for place in some), *calls.values(),
              *(place for some in programs.values() for place in some.values())]
    files = {name: {"first": 1, "lines": (ROOT / name).read_text(encoding="utf-8").splitlines()}
             for name in sorted({place.file for place in places})}
    return {"events": {name: [asdict(place) for place in some] for name, some in events.items()},
            "calls": {name: asdict(place) for name, place in calls.items()},
            "programs": {name: {address: asdict(place) for address, place in some.items()}
                         for name, some in programs.items()},
            "files": files}
