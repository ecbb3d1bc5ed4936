# SPDX-License-Identifier: MIT
"""Which serial tests can notice a mutant: those that execute a changed line, or one of the changed function.

A run repeats instruction for instruction. So a module of tests whose machines execute nothing of a function cannot see
what is wrong in it, and is not run. Each module is run once without a mutant, on a QEMU that logs the code it
translates; what was found is kept in a file as long as the kernel and the module are the same. Trees that are tested
side by side share the file, and the work.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import struct
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypedDict

from elftools.elf.elffile import ELFFile

from . import LabError
from .mutants import Mutant, changed_lines
from .shard import code_of
from .symbols import Symbols

QEMU = "qemu-system-i386"
# A machine that hangs is ended by the processor time it takes, however busy the host is. The longest of the suite takes half.
MACHINE_SECONDS = 12
WALL_SECONDS = 800
# QEMU's data folder is found from its program's: so there is a `share` beside `bin`.
WRAPPER = """\
#!/bin/sh
exec prlimit --cpu={seconds}:{kill} {qemu} ${{UCOW_CODE_LOG:+-d in_asm -D "$UCOW_CODE_LOG/$$" -dfilter {start:#x}+{size:#x}}} "$@"
"""
ADDRESS = re.compile(rb"^0x([0-9a-f]+):", re.MULTILINE)


def text_of(kernel: Path) -> range:
    """The addresses of the kernel's code."""
    with kernel.open("rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        assert text is not None
        return range(text["sh_addr"], text["sh_addr"] + text["sh_size"])


def lines_of(kernel: Path) -> dict[int, str]:
    """File and line of each address of the kernel's code, as `kernel/main.c:12`."""
    text, symbols = text_of(kernel), Symbols(kernel)
    (count,) = struct.unpack("<I", symbols.data("line_count", 4))
    rows = [row for row in struct.iter_unpack("<IHH", symbols.data("line_table", count * 8)) if row[0] in text]
    names = struct.unpack(f"<{(n := max(file for _, file, _ in rows) + 1)}I", symbols.data("file_names", n * 4))
    texts = [symbols.text_at(symbols.address("line_strings") + offset) for offset in names]
    ends = [start for start, *_ in rows[1:]] + [text.stop]
    return {at: f"{texts[file]}:{line}" for (start, file, line), end in zip(rows, ends) for at in range(start, end)}


def wrap_qemu(folder: Path, script: str, **values: object) -> Path:
    """Make a script that stands for QEMU, with {qemu} for its program; the folder to be put first in PATH."""
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise LabError(f"{QEMU} is not installed")
    wrapper = folder / "bin" / QEMU
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(script.format(qemu=shlex.quote(qemu), **values), encoding="utf-8")
    wrapper.chmod(0o755)
    share = folder / "share"
    share.unlink(missing_ok=True)
    share.symlink_to(Path(qemu).resolve().parents[1] / "share")
    return wrapper.parent


class Known(TypedDict):
    """What is known about a module: the file and line of each line that it executes."""
    key: str
    seconds: float
    lines: list[str]


class Knowledge:
    """What is known about modules, by module: kept in a file, and shared by threads, which learn different modules."""

    def __init__(self, path: Path, borrowed: Path | None = None) -> None:
        """`borrowed` is what was learnt of another kernel: of an earlier one, or of another build."""
        self.path, self.change, self.borrowed = path, threading.Condition(), borrowed is not None
        read = borrowed or path
        self.known: dict[str, Known] = json.loads(read.read_text(encoding="utf-8")) if read.is_file() else {}
        self.busy: set[str] = set()

    def claim(self, unknown: Callable[[], Sequence[str]]) -> str | None:
        """A module that no one learns yet; None once nothing is unknown. Waits while others learn the last ones."""
        with self.change:
            while modules := unknown():
                if free := [module for module in modules if module not in self.busy]:
                    self.busy.add(free[0])
                    return free[0]
                self.change.wait()
        return None

    def end(self, module: str, known: Known | None) -> None:
        """Keep what was learnt of a claimed module; None if that failed."""
        with self.change:
            self.busy.discard(module)
            if known:
                self.known[module] = known
                self.path.write_text(json.dumps(self.known), encoding="utf-8")
            self.change.notify_all()


class Reach:
    """The lines that each module of serial tests executes on a kernel, which is the original of a build."""

    def __init__(self, folder: Path, kernel: Path, tree: Path, knowledge: Knowledge | None = None) -> None:
        self.folder, self.kernel, self.tree = folder, kernel, tree
        self.knowledge = knowledge or Knowledge(folder / "lines.json")
        self.logs = folder / "logs"
        text = text_of(kernel)
        self.bin = wrap_qemu(folder, WRAPPER, seconds=MACHINE_SECONDS, kill=MACHINE_SECONDS + 5, start=text.start, size=len(text))
        self.code = code_of(kernel)
        self.known, self.borrowed = self.knowledge.known, self.knowledge.borrowed

    @cached_property
    def line_of(self) -> dict[int, str]:
        """File and line of each address of the kernel's code."""
        return lines_of(self.kernel)

    def key(self, module: str) -> str:
        """What the lines of a module depend on: the kernel's code, and the module."""
        return hashlib.sha256(self.code.encode() + (self.tree / module).read_bytes()).hexdigest()[:16]

    def unknown(self, modules: Sequence[str]) -> list[str]:
        """The modules that nothing is known about; what was borrowed is taken as it is."""
        return [module for module in modules
                if module not in self.known or not self.borrowed and self.known[module]["key"] != self.key(module)]

    @cached_property
    def environment(self) -> dict[str, str]:
        """In which the tests use the QEMU that ends a machine that hangs."""
        return {"PATH": f"{self.bin.absolute()}:{os.environ['PATH']}", "UCOW_WALL_SECONDS": str(WALL_SECONDS)}

    def learn(self, modules: Sequence[str], run: Callable[[str, dict[str, str]], bool], say: Callable[[str], None]) -> None:
        """Run the modules that nothing is known about. `run` runs one with variables of the environment: whether it passed."""
        while module := self.knowledge.claim(lambda: self.unknown(modules)):
            say(f"what {Path(module).stem} executes, {len(self.unknown(modules))} to go")
            known = None
            try:
                known = self.run_of(module, run)
            finally:
                self.knowledge.end(module, known)

    def run_of(self, module: str, run: Callable[[str, dict[str, str]], bool]) -> Known:
        """What a run of a module executes."""
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir()
        begin = time.monotonic()
        if not run(module, {"UCOW_CODE_LOG": str(self.logs)}):
            raise LabError(f"{module} fails without a mutant, on a machine of at most {MACHINE_SECONDS} s of processor time")
        known: Known = {"key": self.key(module), "seconds": round(time.monotonic() - begin, 1), "lines": self.logged()}
        shutil.rmtree(self.logs)
        return known

    def logged(self) -> list[str]:
        """The lines that the machines since the last call executed."""
        addresses: set[bytes] = set()
        for log in self.logs.iterdir():
            addresses.update(ADDRESS.findall(log.read_bytes()))
        return sorted({self.line_of[at] for text in addresses if (at := int(text, 16)) in self.line_of})

    def of(self, mutant: Mutant, modules: Sequence[str]) -> list[str]:
        """The modules that execute a changed line; or one of its function, if the line has no code of its own, as an exit
        may; or all, if the mutant changes no function, or one of which no line was seen, as of some inline ones. First those
        that cite its promise, then those that have the file's name in theirs or in their text, then those that, for the time
        that they take, execute more of the file than the others."""
        function, changed = changed_lines(mutant)
        near, exact = ({f"{mutant.file}:{line}" for line in lines} for lines in (function, changed))
        executed = {module: set(self.known[module]["lines"]) for module in modules}
        found = [module for module in modules if exact & executed[module]] if mutant.operator != "drop exit" else []
        if not found:
            found = [module for module in modules if near & executed[module]] or list(modules)
        of_file = {module: sum(line.startswith(f"{mutant.file}:") for line in executed[module]) for module in found}
        least = min(of_file.values(), default=0)
        return sorted(found, key=lambda module: (not self.cites(module, mutant.defect), not exact & executed[module],
                                                 not self.is_about(module, mutant.file), self.known[module]["seconds"] / (1 + of_file[module] - least)))

    def is_about(self, module: str, file: str) -> bool:
        """Whether a module's name or text has that of a file of the kernel."""
        return Path(file).stem in Path(module).stem or self.cites(module, file.removeprefix("kernel/"))

    def cites(self, module: str, words: str) -> bool:
        """Whether a module's text has the words, of which there may be none."""
        path = self.tree / module
        return words != "" and path.is_file() and words in path.read_text(encoding="utf-8")
