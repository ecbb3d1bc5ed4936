# SPDX-License-Identifier: MIT
"""Typical mistakes in a fork, planted one by one: what the first program that is run says of each.

test/mistakes.toml lists them. The changed file alone is compiled, and the kernel of a build is linked once more
with it, in a scratch folder: the tree and the build stay as they are.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from . import LabError, children
from .build import ROOT, options_of
from .machine import CHECK_FAILED, Machine, Run
from .verdict import COMPLAINT

LIST = ROOT / "test/mistakes.toml"
POLICY = re.compile(r"kernel/(mm/copy_range|mm/tables|proc/sched)_\w+\.c")  # one of each is in a kernel, and can stand for the others
EAGER, COPIED = "kernel/mm/copy_range_eager.c", "kernel/mm/tables_copied.c"  # who copies at once copies tables, too
PROGRAM = ["exit"]
OPTIONS = ["rehearse=on"]  # as tools/run passes


@dataclass(frozen=True)
class Mistake:
    """An entry of the list."""
    name: str
    what: str
    file: str
    old: str
    new: str
    says: str
    place: str

    def planted(self) -> str:
        """The source with the mistake in it."""
        return changed_source(LIST, self.name, self.file, self.old, self.new)

    def missing(self, run: Run) -> list[str]:
        """What the report of a run lacks; [] means that it names the mistake and its place."""
        report = report_of(run)
        lacks = [] if run.status == CHECK_FAILED else [f"QEMU's status is {run.status}, not {CHECK_FAILED}"]
        if not report or self.says not in report[0]:
            lacks.append(f"no line says {self.says!r}")
        if f"{self.place} (kernel/" not in "\n".join(report):
            lacks.append(f"no line names {self.place}")
        return lacks


def changed_source(where: Path, name: str, file: str, old: str, new: str) -> str:
    """A source with `new` in the place of `old`, as the entry `name` of a list says. Raises LabError if `old` is not there once."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise LabError(f"{where.relative_to(ROOT)}: `old` of {name} stands {text.count(old)} times in {file}; "
                       "quote the line as it is now")
    return text.replace(old, new)


def mistakes() -> list[Mistake]:
    """All of them, in the order of the list. A hand-out of the course has no list."""
    if not LIST.is_file():
        return []
    with LIST.open("rb") as file:
        return [Mistake(**entry) for entry in tomllib.load(file)["mistake"]]


def report_of(run: Run) -> list[str]:
    """What a run says of the mistake: the failed check and the lines from it on."""
    lines = run.lines.lines
    first = next((i for i, line in enumerate(lines) if COMPLAINT.search(line)), None)
    return [] if first is None else lines[first:]


def shell(command: list[str], build: Path, limits: Sequence[str] = ()) -> None:
    """Run a command of the build, after the words `limits`; its output is the error if it fails."""
    done = children.run([*limits, *command], cwd=build)
    if done.returncode != 0:
        raise LabError(f"{shlex.join(command)}\n{done.stdout}")


@lru_cache(maxsize=None)
def link_commands(build: Path) -> list[list[str]]:
    """The commands that make the kernel of its objects: archives, the first link, the table of lines, the link."""
    listed = children.run(["ninja", "-C", build, "-t", "commands", "kernel/ucow.elf"]).stdout.splitlines()
    words = [shlex.split(line.removeprefix("rm -f ").partition(" && ")[2] or line) for line in listed]
    return [command for command in words if any(
        word in ("kernel/libkernel.a", "kernel/libkernel_raw.a", "kernel/ucow-first.elf", "kernel/lines.S",
                 "kernel/ucow.elf") for word in command)]


def compile_command(build: Path, file: str) -> tuple[list[str], str, str]:
    """The command that compiles `file` for the kernel, its source and its output, as they stand in the command."""
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = (build / entry["file"]).resolve()
        if not path.is_relative_to(ROOT):
            continue  # the build made it, in a directory elsewhere
        source = path.relative_to(ROOT).as_posix()
        mine, wanted = POLICY.fullmatch(source), POLICY.fullmatch(file)
        same = source == file or mine and wanted and mine[1] == wanted[1]
        if same and entry["output"].startswith("kernel/libkernel"):
            return shlex.split(entry["command"]), entry["file"], entry["output"]
    raise LabError(f"the kernel in {build} has no {file}")


@contextmanager
def kernel_with(mistake: Mistake, build: Path) -> Iterator[Path]:
    """The kernel of a build that is up to date, with the mistake in it."""
    with children.Scratch() as name:
        yield link_with({mistake.file: mistake.planted()}, build, Path(name))


def link_with(sources: Mapping[str, str], build: Path, scratch: Path, limits: Sequence[str] = ()) -> Path:
    """The kernel of a build that is up to date, with other sources in the place of these files, in the empty folder
    `scratch`. The compiler's and the linker's commands are run after the words `limits`."""
    if EAGER in sources and options_of(build)["tables"] == "shared":
        sources = {**sources, COPIED: (ROOT / COPIED).read_text(encoding="utf-8")}
    made = {f"kernel/{file}": str(scratch / file) for file in
            ("libkernel.a", "libkernel_raw.a", "ucow-first.elf", "lines.S", "ucow.elf",
             "ucow.elf.p/meson-generated_.._lines.S.o")}
    (scratch / "ucow.elf.p").mkdir()
    for i, (file, text) in enumerate(sources.items()):
        source = scratch / file
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        command, old_source, old_object = compile_command(build, file)
        made[old_object] = str(scratch / f"changed{i}.o")
        shell([*(str(source) if word == old_source else made.get(word, word) for word in without_dependencies(command)),
               "-Wno-error", "-Werror=implicit-function-declaration", f"-fdebug-prefix-map={scratch}=.."], build, limits)
    for command in link_commands(build):
        shell([made.get(word, word) for word in without_dependencies(command)], build, limits)
    return scratch / "ucow.elf"


def without_dependencies(command: list[str]) -> list[str]:
    """A command that writes no list of headers into the build."""
    left, words = [], iter(command)
    for word in words:
        if word in ("-MQ", "-MF"):
            next(words)
        elif word != "-MD":
            left.append(word)
    return left


def first_run(mistake: Mistake, build: Path, timeout: float = 60) -> Run:
    """The first program that a student runs, on a kernel with the mistake."""
    with kernel_with(mistake, build) as kernel:
        run = Machine(kernel, PROGRAM, OPTIONS).run(timeout)
        assert run.symbols  # read now: the kernel is removed
        return run
