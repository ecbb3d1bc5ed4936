# SPDX-License-Identifier: MIT
"""The sessions that pages show: blocks of commands with what they print, run again.

In a block that begins with ```console, a line "$ COMMAND" is run in the root of the tree, and the lines below it are
what it printed. A command that ends with a backslash goes on in the next line. A last line "..." stands for the rest. A command without such lines has only to succeed.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import LabError, children
from .build import KERNEL, ROOT

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REST = "..."
PASSED, FAILED = 0, 1  # statuses of tools/run: a program may be shown that fails
# What depends on the compiler and on the addresses of kernel objects: times, addresses of instructions, frames and objects.
VARIES = re.compile(r"(?<=\bt=)\d+|(?<=\beip=)0x[0-9a-f]+|\b0x[0-9a-f]{7,8}\b")


@dataclass
class Step:
    """A command and the lines that a page shows below it."""
    command: str
    shown: list[str]

    def differs(self, printed: list[str]) -> str:
        """How the page differs from what the command printed; empty if it does not."""
        shown, printed = ([VARIES.sub("*", line) for line in lines] for lines in (self.shown, printed))
        if shown[-1:] == [REST]:
            shown, printed = shown[:-1], printed[:len(shown) - 1]
        if not self.shown or shown == printed:
            return ""
        return "\n".join([f"$ {self.command}", "the page shows:", *shown, "the command printed:", *printed])


def steps(page: str) -> Iterator[Step]:
    """The commands of a page, in order."""
    for block in BLOCK.findall(page):
        step = None
        for line in re.split(r"(?<!\\)\n", block.rstrip("\n")):
            if line.startswith("$ "):
                if step:
                    yield step
                step = Step(line[2:], [])
            elif step:
                step.shown.append(line)
            else:
                raise LabError(f"a session begins without a command: {line}")
        if step:
            yield step


class Sessions:
    """Runs commands with the kernel of a build directory. Files that they write below build/ go to another folder."""

    def __init__(self, build: Path, folder: Path) -> None:
        self._build, self._folder = build, folder
        self._printed: dict[str, list[str]] = {}

    def words(self, command: str) -> list[str]:
        """The command's words, with the paths that it has here."""
        tool, *words = shlex.split(command.replace("\\\n", " "))
        words = [f"{self._folder}/{word.removeprefix('build/')}" if word.startswith("build/") else word for word in words]
        which = ["--build", str(self._build)] if tool == "tools/run" else ["--elf", str(self._build / KERNEL)]
        return [str(ROOT / tool), *which, *words]

    def printed(self, command: str) -> list[str]:
        """What a command prints. One that was run before is not run again. LabError if it fails."""
        if command not in self._printed:
            done = children.run(self.words(command), cwd=ROOT, stderr=None, timeout=100)
            if done.returncode not in ((PASSED, FAILED) if command.startswith("tools/run ") else (PASSED,)):
                raise LabError(f"{command}: status {done.returncode}\n{done.stdout}")
            self._printed[command] = done.stdout.splitlines()
        return self._printed[command]

    def renewed(self, page: str) -> str:
        """The page with what its commands print now, where it shows that."""
        def block(match: re.Match[str]) -> str:
            lines = []
            for step in steps(match[0] + "\n"):
                printed = self.printed(step.command)
                if step.shown[-1:] == [REST]:
                    printed = [*printed[:max(1, len(step.shown) - 1)], REST]
                lines += [f"$ {step.command}", *(printed if step.shown else [])]
            return "\n".join(["```console", *lines, "```"])
        return BLOCK.sub(block, page)
