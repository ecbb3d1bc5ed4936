# SPDX-License-Identifier: MIT
"""Kernels that are broken on purpose, and what a failed test says of each: test/broken.toml lists them, and the messages stand in
docs/failures.md.

A broken kernel lies in a folder that looks like its build, and the test runs on that; see mistakes.py for how it is linked.
"""

import os
import re
import shutil
import signal
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from . import LabError, children
from .build import KERNEL, ROOT
from .mistakes import changed_source, link_with

LIST, DOCUMENT = ROOT / "test/broken.toml", ROOT / "docs/failures.md"
SERIAL = ROOT / "test/serial"
SECONDS = 100        # a backstop for a test
LEFT_OUT = re.compile(r"^-+ (serial line|panic) -+$")
TITLE = re.compile(r"^-{3,} (.+) -{3,}$")
HEAD = """# What a failed test says

Each kernel here is broken in one line, and a test of `test/serial` was run on it. What the test printed is shown, without the
serial output; [what the parts are](seeing.md#a-failed-test).

Written by `tools/broken`, from `test/broken.toml`. `tools/broken NAME` prints one, with the serial output.
"""


@dataclass(frozen=True)
class Broken:
    """An entry of the list."""
    name: str
    what: str
    file: str
    old: str
    new: str
    test: str
    says: list[str]

    def source(self) -> str:
        """The source that is broken."""
        return changed_source(LIST, self.name, self.file, self.old, self.new)

    def change(self) -> str:
        """The whole lines that are replaced, and those in their place, as a diff shows them."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        first, last = text.index(self.old), text.index(self.old) + len(self.old)
        before = text[text.rfind("\n", 0, first) + 1:first]
        after = "" if text[last - 1] == "\n" else text[last:].partition("\n")[0]
        old, new = ((before + part + after).rstrip("\n").splitlines() for part in (self.old, self.new))
        return "\n".join([*(f"-{line}" for line in old if line), *(f"+{line}" for line in new if line)])

    def missing(self, message: str) -> list[str]:
        """The parts that a message lacks, or has in another order."""
        at, lacks = 0, []
        for part in self.says:
            found = message.find(part, at)
            if found < 0:
                lacks.append(part)
            else:
                at = found
        return lacks


def broken_kernels() -> list[Broken]:
    """All of them, in the order of the list."""
    if not LIST.is_file():
        return []  # a hand-out of the course
    with LIST.open("rb") as file:
        return [Broken(**entry) for entry in tomllib.load(file)["broken"]]


@contextmanager
def build_with(broken: Broken, build: Path) -> Iterator[Path]:
    """A folder like a build that is up to date, with the broken kernel."""
    with children.Scratch() as name:
        view, scratch = Path(name, "build"), Path(name, "linked")
        for folder in (view, scratch, view / Path(KERNEL).parent):
            folder.mkdir()
        for entry in ("meson-info", "user", "test"):
            (view / entry).symlink_to(build / entry)
        shutil.copy(link_with({broken.file: broken.source()}, build, scratch), view / KERNEL)
        yield view


def message_of(broken: Broken, build: Path) -> str:
    """What the test prints that fails on a broken kernel. Raises LabError if it does not fail."""
    with build_with(broken, build) as view:
        environment = {**os.environ, "UCOW_BUILD": str(view), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = children.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SERIAL / broken.test],
                            signal.SIGTERM, SECONDS, env=environment, cwd=ROOT)
        if done.returncode != 1:
            raise LabError(f"{broken.name}: {broken.test} does not fail:\n{done.stdout}")
        options = "" if build == ROOT / "build" else f"-b {build} "
        text = done.stdout.replace(f"-b {view} ", options).replace(f"--elf {view}/{KERNEL} ", "").replace(str(view), "build")
        return text.replace(f"{ROOT}/", "")


def shown(message: str) -> str:
    """A message as the document has it: the failure, without serial output and pytest's own frame."""
    lines, left_out, kept = message.splitlines(), False, []
    first = next((i for i, line in enumerate(lines) if re.match(r"^_+ test_\w+.* _+$", line)), 0)
    for line in lines[first + 1:]:
        if re.match(r"^(=+ .* =+|FAILED .*|\d+ failed.*)$", line):
            break
        if TITLE.match(line):
            left_out = LEFT_OUT.match(line) is not None
        if not left_out:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def part(broken: Broken, message: str) -> str:
    """The part of the document about a broken kernel."""
    return (f"\n## {broken.name}\n\n{broken.what[0].upper()}{broken.what[1:]}, in `{broken.file}`:\n\n```diff\n{broken.change()}\n```\n\n"
            f"`{broken.test}` says:\n\n```text\n{shown(message)}\n```\n")


def current() -> bool:
    """Whether the document has a part for each broken kernel of the list, in order, with what its message must say."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else ""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    listed = broken_kernels()
    for broken in listed:
        broken.source()  # its quotation stands there
    return [found.split("\n")[0] for found in parts] == [broken.name for broken in listed] and all(
        broken.what[1:] in found and broken.change() in found and broken.test in found and not broken.missing(found) for broken, found in zip(listed, parts))


def try_all(names: Sequence[str], build: Path, write: bool) -> bool:
    """Try the broken kernels with these names, or all, and `write` the document. Returns whether each message was whole."""
    listed = broken_kernels()
    if unknown := set(names) - {broken.name for broken in listed}:
        raise LabError(f"no broken kernel is called {min(unknown)}: there are {' '.join(broken.name for broken in listed)}")
    console, parts, passed = Console(), [], True
    for broken in listed:
        if names and broken.name not in names:
            continue
        message = message_of(broken, build)
        console.print(f"[bold]{broken.name}[/]: {broken.what}", highlight=False, soft_wrap=True)
        if names:
            console.print(message, highlight=False, markup=False, soft_wrap=True)
        if missing := broken.missing(message):
            passed = False
            console.print("  the message lacks " + "; ".join(missing), style="red", highlight=False, markup=False, soft_wrap=True)
        parts.append(part(broken, message))
    if passed and write:
        DOCUMENT.write_text(HEAD + "".join(parts), encoding="utf-8")
    return passed
