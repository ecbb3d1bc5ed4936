# SPDX-License-Identifier: MIT
"""The tests of what has changed, for `tools/test --changed`: the unit tests that compile it, and the serial tests that
execute a changed function.

`tools/test --learn`, a whole run, finds out what each serial test executes: its QEMUs write down where the code begins that
they translate, which is done once for each block. A block ends with the first instruction that may jump. Functions are kept,
not lines, because a line has another number after the next change.
"""

import json
import os
import re
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypedDict

from . import LabError, children
from .build import KERNEL, ROOT
from .mutants import without_text
from .mutation_reach import lines_of, wrap_qemu
from .sites import INSTRUCTION, disassembly

REACHED = "reached.json"  # in a build directory
# Only machines with the kernel of the build: others have other functions at the same addresses.
WRAPPER = """\
#!/bin/sh
case "$UCOW_TEST $*" in
?*" -kernel $UCOW_BUILD/kernel/ucow.elf "*) exec {qemu} -trace enable=translate_block -D "{logs}/$UCOW_TEST.$$" "$@" ;;
*) exec {qemu} "$@" ;;
esac
"""
BLOCK = re.compile(rb" pc:0x([0-9a-f]+)")
KERNEL_SOURCES = ("kernel/", "include/")
MAY_JUMP = ("j", "call", "ret", "iret", "int", "loop", "hlt", "ud2")
SIGNATURE = re.compile(r"\b(?!__attribute__\b)(\w+)\s*\(")
QUICK_STYLE = ("layers", "format", "license")  # asked after each change of a source file in C; each takes a second
UNKNOWN_SECONDS = 1.0  # what a test is taken to need that is not in the log of a whole run


class Reached(TypedDict):
    """What a whole run has seen: when it ended, the functions that each serial test executed, and the time that each test
    took."""
    when: float
    functions: dict[str, list[str]]
    seconds: dict[str, float]


def functions_of(text: str) -> list[tuple[str, range]]:
    """Name and lines of each function of a source that clang-format has laid out."""
    rows = without_text(text).split("\n")
    found, begin = [], 0
    for at, row in enumerate(rows, 1):
        if row == "{":
            head = max((i for i in range(1, at) if rows[i - 1].strip() in ("", "}") or rows[i - 1].endswith((";", "};"))), default=0) + 1
            begin, name = head, SIGNATURE.search(" ".join(rows[head - 1:at - 1]))
        elif row == "}" and begin:
            if name:
                found.append((name[1], range(begin, at + 1)))
            begin = 0
    return found


@cache
def functions_in(path: Path) -> list[tuple[str, range]]:
    """functions_of() a file; none if it is gone."""
    return functions_of(path.read_text(encoding="utf-8")) if path.is_file() else []


def function_at(file: str, line: int) -> str:
    """The function of a line, as `kernel/main.c:kmain`; without a name if the line is in none, as in assembler."""
    return f"{file}:" + next((name for name, lines in functions_in(ROOT / file) if line in lines), "")


class Blocks:
    """The functions of the kernel's blocks of code, by their first address."""

    def __init__(self, kernel: Path) -> None:
        lines = lines_of(kernel)
        instructions = [(int(match[1], 16), match[2].startswith(MAY_JUMP)) for row in disassembly(kernel) if (match := INSTRUCTION.match(row))]
        self.at = [address for address, _ in instructions]
        self.jumps = [jumps for _, jumps in instructions]
        places = {text: function_at(text.rpartition(":")[0], int(text.rpartition(":")[2])) for text in set(lines.values())}
        self.functions = [places.get(lines.get(address, ""), "") for address in self.at]
        self.known: dict[int, frozenset[str]] = {}

    def executed(self, first: int) -> frozenset[str]:
        """The functions of the block that begins at an address; nothing if that is not in the kernel."""
        if first not in self.known:
            self.known[first] = frozenset(self._walk(first))
        return self.known[first]

    def _walk(self, first: int) -> Iterator[str]:
        begin = bisect_left(self.at, first)
        if begin < len(self.at) and self.at[begin] == first:
            for place in range(begin, len(self.at)):
                if self.functions[place]:
                    yield self.functions[place]
                if self.jumps[place]:
                    return


def watch(folder: Path) -> Path:
    """Make a QEMU that logs the blocks that it translates; the folder to be put first in PATH."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    return wrap_qemu(folder, WRAPPER, logs=logs.absolute())


def learn(folder: Path, logs: Path) -> None:
    """Keep in the build directory what the tests have executed in a run of `tools/test --learn`, of which `logs` are left."""
    blocks = Blocks(folder / KERNEL)
    found: defaultdict[str, set[bytes]] = defaultdict(set)
    for log in logs.iterdir():
        found[log.name.rpartition(".")[0]].update(BLOCK.findall(log.read_bytes()))
    if not found:
        raise LabError("nothing was learnt: no machine has logged what it executes, for which this QEMU's -trace must write to a file")
    ran = map(json.loads, (folder / "meson-logs/testlog.json").read_text(encoding="utf-8").splitlines())
    reached: Reached = {
        "when": time.time(),
        "functions": {test: sorted(frozenset().union(*(blocks.executed(int(at, 16)) for at in starts))) for test, starts in found.items()},
        "seconds": {entry["name"].rpartition(" / ")[2]: round(entry["duration"], 2) for entry in ran},
    }
    path = folder / REACHED
    path.with_suffix(".new").write_text(json.dumps(reached), encoding="utf-8")
    path.with_suffix(".new").replace(path)


def git(*words: str) -> list[str]:
    """The lines that a command of git prints."""
    done = children.run(["git", "-C", ROOT, "-c", "core.quotepath=off", *words])
    if done.returncode != 0:
        raise LabError(f"git: {done.stdout.strip().splitlines()[-1]}")
    return done.stdout.splitlines()


class Changes:
    """The files that differ from a commit, each with its changed lines: what was taken out changes the lines around it."""

    def __init__(self, commit: str) -> None:
        self.lines: dict[str, list[range]] = {}
        file = ""
        for row in git("diff", "-U0", "--no-prefix", "--no-ext-diff", "--no-color", "--no-renames", commit, "--", "."):
            if match := re.match(r"(?:---|\+\+\+) (?!/dev/null)(.+)$", row):
                file = match[1]
                self.lines.setdefault(file, [])
            elif match := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", row):
                first, count = int(match[1]), int(match[2] or 1)
                self.lines[file].append(range(first, first + count) if count else range(first, first + 2))
        for file in git("ls-files", "--others", "--exclude-standard", "--full-name"):
            self.lines[file] = [range(1, len(without_comments(file)) + 1)] if file.startswith(KERNEL_SOURCES) else []

    def functions(self, file: str) -> set[str] | None:
        """The changed functions of a file; None if something outside of functions has changed, so all may do something else."""
        found = {function_at(file, line) for lines in self.lines[file] for line in lines if self._says_something(file, line)}
        return None if f"{file}:" in found else found

    @staticmethod
    def _says_something(file: str, line: int) -> bool:
        """Whether a line is more than blanks and comments."""
        rows = without_comments(file)
        return line > len(rows) or bool(rows[line - 1].strip())


@cache
def without_comments(file: str) -> list[str]:
    """The lines of a file, with blanks for its comments."""
    path = ROOT / file
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.DOTALL).split("\n")


class Targets:
    """What ninja makes of the sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: defaultdict[str, list[str]] = defaultdict(list)  # of each file of the tree that a compiler has read
        self.source: dict[str, str] = {}                                # of each object
        output = ""
        for row in self._ninja("deps"):
            if row.startswith(" "):
                file = os.path.relpath(folder / row.strip(), ROOT)
                self.objects[file].append(output)
                self.source.setdefault(output, file)
            else:
                output = row.partition(":")[0]

    def _ninja(self, tool: str, *words: str) -> list[str]:
        return children.run(["ninja", "-C", self.folder, "-t", tool, *words]).stdout.splitlines()

    def made_of(self, files: Iterable[str]) -> set[str]:
        """All that is made, in any number of steps, of these files."""
        found: set[str] = set()
        new = {output for file in files for output in self.objects.get(file, ())}
        while new := new - found:
            found |= new
            rows = self._ninja("query", *sorted(new))
            new = {row.strip() for at in self._outputs(rows) for row in at}
        return found

    @staticmethod
    def _outputs(rows: Sequence[str]) -> Iterator[list[str]]:
        inside = False
        for row in rows:
            inside = row == "  outputs:" or inside and row.startswith("    ")
            if inside and row.startswith("    "):
                yield [row]

    def sources_with(self, file: str) -> set[str]:
        """The sources that include a file."""
        return {self.source[output] for output in self.objects.get(file, ()) if output.startswith("kernel/")}


class Choice(NamedTuple):
    """The tests to be run, and what is to be said of those that are not."""
    tests: list[str]
    sentence: str


def load(folder: Path) -> Reached | None:
    """What the last `tools/test --learn` in a build directory has seen."""
    path = folder / REACHED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def age(seconds: float) -> str:
    """A time span in words."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def wanted(changes: Changes, targets: Targets, reached: Reached) -> set[str]:
    """The functions to be tested: those that have changed. If a file has changed outside of them, all of it; if that is a
    header, all of the files that include it."""
    known = {function for functions in reached["functions"].values() for function in functions}
    found: set[str] = set()
    for file in changes.lines:
        if file.startswith(KERNEL_SOURCES):
            functions = changes.functions(file)
            files = {file} if functions is not None or file.endswith((".c", ".S")) else targets.sources_with(file)
            found |= functions if functions is not None else {function for function in known if function.rpartition(":")[0] in files}
    return found


def ranked(functions: set[str], reached: Reached) -> list[str]:
    """The serial tests that execute one of the functions. First those that, for the time that they take, execute more of
    the same files than the others: they are about them."""
    files = {function.rpartition(":")[0] for function in functions}
    executed = {test: set(names) for test, names in reached["functions"].items()}
    found = {test: sum(name.rpartition(":")[0] in files for name in names) for test, names in executed.items() if names & functions}
    least = min(found.values(), default=0)
    return sorted(found, key=lambda test: (reached["seconds"].get(test, UNKNOWN_SECONDS) / (1 + found[test] - least), test))


def themselves(changes: Changes, targets: Targets, folder: Path) -> list[str]:
    """The tests that a change is part of: unit tests that compile a changed file, changed modules, and those of changed
    programs."""
    made = {Path(target).name for target in targets.made_of(changes.lines) if target.startswith(("test/unit/unit_", "user/"))}
    tests = json.loads((folder / "meson-info/intro-tests.json").read_text(encoding="utf-8"))
    changed = {str((ROOT / file).resolve()) for file in changes.lines}
    return [test["name"] for test in tests
            if Path(test["cmd"][0]).name in made or os.path.normpath(test["cmd"][-1]) in changed
            or "ucow:serial" in test["suite"] and test["name"] in made]


def that_fit(tests: Iterable[str], reached: Reached | None, seconds: float, at_once: int) -> list[str]:
    """The first of the tests, without those that would take too long, as long as there is time."""
    chosen: dict[str, float] = {}
    for test in tests:
        needs = reached["seconds"].get(test, UNKNOWN_SECONDS) if reached else UNKNOWN_SECONDS
        if test not in chosen and needs <= seconds and (sum(chosen.values()) + needs) / at_once <= seconds:
            chosen[test] = needs
    return list(chosen)


def choose(folder: Path, commit: str, seconds: float, at_once: int) -> Choice:
    """The tests of what differs from a commit, `at_once` of which run at the same time."""
    changes, targets, reached = Changes(commit), Targets(folder), load(folder)
    if not changes.lines:
        return Choice([], f"nothing differs from {commit}: name an older commit, as in --changed=HEAD~1")
    first = themselves(changes, targets, folder)
    style = QUICK_STYLE if any(file.endswith((".c", ".h")) for file in changes.lines) else ()
    if reached is None:
        return Choice(that_fit([*first, *style], None, seconds, at_once),
                      "run tools/test --learn once, a whole run, to know which serial tests execute what has changed; only tests that "
                      "compile the change, or are part of it, were run")
    functions = wanted(changes, targets, reached)
    serial = ranked(functions, reached)
    chosen = that_fit([*first, *style, *serial], reached, seconds, at_once)
    run = len([test for test in serial if test in chosen])
    since = age(time.time() - reached["when"])
    return Choice(chosen, f"{run} of the {len(serial)} serial tests that execute what has changed in the kernel were run, as far as tools/test "
                          f"--learn saw {since}; all tests: tools/test")
