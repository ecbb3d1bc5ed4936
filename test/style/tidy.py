# SPDX-License-Identifier: MIT
"""clang-tidy over the kernel's files: those that have changed since they last passed.

Usage: tidy.py BUILD [ROOT]. The rules are in .clang-tidy. A file is checked with the command that compiles it for the
kernel; one that this configuration leaves out, with the flags of its neighbour and every option on. Files of
kernel/planted are not checked: they are wrong on purpose. Status 77, which Meson reads as a skip, when clang-tidy is
not installed.

BUILD/style-tidy/passed.json has a key for each file that passed: a hash of all that the result depends on, namely
clang-tidy itself, its rules, the flags, and the text of the file and of what it includes.
"""
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)
SKIPPED = 77
BATCH = 8


@lru_cache(maxsize=None)
def read(path: Path) -> str | None:
    """The text of a file; None if there is no such file."""
    return path.read_text() if path.is_file() else None


def included(path: Path, folders: list[Path]) -> set[Path]:
    """`path` and what it includes, directly or not. Headers in none of `folders` belong to the compiler."""
    found, left = set(), [path.resolve()]
    while left:
        file = left.pop()
        if file in found:
            continue
        found.add(file)
        for name in INCLUDE.findall(read(file) or ""):
            places = [folder / name for folder in [file.parent, *folders]]
            # All places, not the first: so a new file that hides another one changes the key, too.
            left += [place.resolve() for place in places if read(place) is not None]
    return found


def digest(texts) -> str:
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()


class Tidy:
    """The checks of one build directory."""

    def __init__(self, program: str, build: Path, root: Path):
        self.program, self.build, self.root = program, build, root
        self.folder = build / "style-tidy"
        self.folder.mkdir(exist_ok=True)
        entries = [entry for entry in json.loads((build / "compile_commands.json").read_text())
                   if entry["output"].startswith("kernel/")]
        (self.folder / "compile_commands.json").write_text(json.dumps(entries))
        config = (build / "kernel/config.h").read_text()
        (self.folder / "config.h").write_text(re.sub(r"(CONFIG_[A-Z_]*) 0$", r"\1 1", config, flags=re.MULTILINE))
        self.commands = {Path(entry["directory"], entry["file"]).resolve(): entry["command"] for entry in entries}
        self.include_folders = list(dict.fromkeys(
            Path(entry["directory"], word[2:]).resolve() for entry in entries
            for word in shlex.split(entry["command"]) if word.startswith("-I")))
        # What all results depend on. The program's size and date tell its versions apart quicker than --version.
        stat = os.stat(os.path.realpath(program))
        self.common = [stat.st_size, stat.st_mtime_ns, read(root / ".clang-tidy")]

    def files(self) -> list[Path]:
        planted = self.root / "kernel/planted"
        return sorted(file for file in (self.root / "kernel").rglob("*.c") if planted not in file.parents)

    def key(self, file: Path) -> str:
        """A hash of all that the result for `file` depends on."""
        command, folders = self.commands.get(file), self.include_folders
        if command is None:
            command, folders = sorted(self.commands.values()), [self.folder, *folders]
        sources = [(str(path), read(path)) for path in sorted(included(file, folders))]
        return digest([*self.common, command, sources])

    def batches(self, files: list[Path]) -> list[list[Path]]:
        """The files, some for each process: clang-tidy starts as slowly as it checks a file."""
        compiled = [file for file in files if file in self.commands]
        left_out = [file for file in files if file not in self.commands]
        return [kind[i:i + BATCH] for kind in (compiled, left_out) for i in range(0, len(kind), BATCH)]

    def tidy(self, files: list[Path]) -> tuple[bool, str]:
        """Whether all these files pass, and what clang-tidy printed."""
        every_option = [] if files[0] in self.commands else [f"--extra-arg-before=-I{self.folder}"]
        result = subprocess.run([self.program, "-p", self.folder, "--quiet", *every_option, *files],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return result.returncode == 0, result.stdout

    def check(self, batch: list[Path]) -> dict[Path, tuple[bool, str]]:
        """The results of a batch; if it does not pass, each file is checked alone, to know which ones do."""
        passes, printed = self.tidy(batch)
        if passes or len(batch) == 1:
            return {file: (passes, printed) for file in batch}
        return {file: self.tidy([file]) for file in batch}

    def run(self) -> list[str]:
        """Check what has changed; what clang-tidy printed about the files that did not pass."""
        stamps = self.folder / "passed.json"
        passed = json.loads(read(stamps) or "{}")
        keys = {str(file): self.key(file) for file in self.files()}
        passed = {name: key for name, key in passed.items() if keys.get(name) == key}
        changed = [Path(name) for name in keys if name not in passed]
        wrong = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for results in pool.map(self.check, self.batches(changed)):
                passed |= {str(file): keys[str(file)] for file, (ok, _) in results.items() if ok}
                wrong += [text for ok, text in results.values() if not ok]
                stamps.write_text(json.dumps(passed, indent=0))  # now: a run that is ended early is not for nothing
        print(f"{len(changed)} of {len(keys)} files checked; the others passed before")
        return wrong


def main():
    build = Path(sys.argv[1]).resolve()
    root = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parents[2]).resolve()
    program = shutil.which("clang-tidy")
    if program is None:
        print("clang-tidy is not installed: apt-get install clang-tidy")
        sys.exit(SKIPPED)
    if complaints := Tidy(program, build, root).run():
        print("\n".join(line for text in complaints for line in text.splitlines() if not line.endswith("generated.")))
        sys.exit(1)


if __name__ == "__main__":
    main()
