# SPDX-License-Identifier: MIT
"""Mutants: the kernel's sources changed in one place, so that a test should notice.

Listed ones are promises of docs/defects.md broken by hand (test/mutants.toml). Generated ones come from
OPERATORS, applied to the sources line by line: clang-format lays them out so regularly that no parser is
needed. The choice among them is seeded, and takes turns among the files; among a file's operators,
it takes turns, or goes by their weights (mutation_weights.py).
"""
import difflib
import hashlib
import itertools
import random
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import LabError
from .mutation_operators import OPERATORS, ORDER, Names
from .mutation_weights import weights

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "test/mutants.toml"
DEFECTS = ROOT / "docs/defects.md"
LISTED = "defect"  # the operator of those that are listed

# Neither text nor checks are changed: an assertion is a test, and so is a structure's checker.
TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|^#(?:\\\n|[^\n])*',
                  re.DOTALL | re.MULTILINE)
CHECKER = re.compile(r"^\w[^;=]*\b\w+_ok\(")
SPARED = re.compile(r"\b(ASSERT|RULE|_Static_assert|panic|proc_check)\(|\bCONFIG_\w+")
NOT_MUTATED = re.compile(r"/planted/")


@dataclass(frozen=True)
class Mutant:
    """A change of one file: `old`, which begins at `start` of `text`, becomes `new`."""
    operator: str
    file: str
    text: str
    start: int
    old: str
    new: str
    name: str = ""
    what: str = ""
    defect: str = ""
    configuration: str = ""

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.start) + 1

    @property
    def mutated(self) -> str:
        return self.text[:self.start] + self.new + self.text[self.start + len(self.old):]

    @property
    def label(self) -> str:
        return self.name or f"{self.file.removeprefix('kernel/')}:{self.line}:{self.operator.replace(' ', '-')}"

    @property
    def key(self) -> str:
        """What a result is kept under: the same as long as file and change are."""
        return hashlib.sha256(f"{self.file}\n{self.mutated}".encode()).hexdigest()[:16]

    @property
    def diff(self) -> list[str]:
        """The lines that go and the lines that come, without their indentation."""
        lines = difflib.unified_diff(self.text.splitlines(), self.mutated.splitlines(), n=0, lineterm="")
        return [f"{line[0]} {line[1:].strip()}" for line in itertools.islice(lines, 3, None) if line[0] in "+-"]


def planted(file: str, old: str, new: str, **fields: str) -> Mutant:
    """A change written by hand; it must fit in exactly one place."""
    path = ROOT / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text.count(old) != 1 or old == new:
        raise LabError(f"test/mutants.toml: in {file} there must be one place, not {text.count(old)}, "
                       f"to change:\n{old}")
    return Mutant(file=file, text=text, start=text.index(old), old=old, new=new, **fields)


def read_list() -> tuple[list[Mutant], list[Mutant]]:
    """The listed mutants, and those that change nothing a test could see, which say why."""
    with LIST.open("rb") as file:
        tables = tomllib.load(file)
    promises = set(re.findall(r"^\| (D\d+) \|", DEFECTS.read_text(encoding="utf-8"), re.MULTILINE))
    listed = [planted(operator=LISTED, **entry) for entry in tables["mutant"]]
    if unknown := sorted({mutant.defect for mutant in listed} - promises):
        raise LabError(f"test/mutants.toml: docs/defects.md has no {', '.join(unknown)}")
    if len({mutant.name for mutant in listed}) != len(listed):
        raise LabError("test/mutants.toml: two mutants have the same name")
    return listed, [planted(operator="", what=entry.pop("reason"), **entry) for entry in tables["equivalent"]]


def without_text(text: str) -> str:
    """A source with blanks for comments, strings and directives."""
    return TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def changed_lines(mutant: Mutant) -> tuple[range, range]:
    """The lines of the function that a mutant changes, and those of the change; two empty ranges if it is in none."""
    first, last = mutant.line, mutant.line + mutant.old.count("\n")
    rows = without_text(mutant.text).split("\n")
    begin = max((i for i, row in enumerate(rows[:first], 1) if row == "{"), default=0)
    end = next((i for i, row in enumerate(rows[begin:], begin + 1) if row == "}"), 0)
    if not 0 < begin < first <= last < end:
        return range(0), range(0)
    return range(begin - 1, end + 1), range(first, last + 1)


def changeable(text: str) -> Iterator[tuple[int, str]]:
    """Offset and text of each line in a function or table, with blanks for comments and strings."""
    at, in_checker, spared = 0, False, 0  # how many parentheses of a spared call are open
    for line in without_text(text).split("\n"):
        if line and line[0] not in " {}":
            in_checker = CHECKER.match(line) is not None
        if spared > 0 or SPARED.search(line):
            spared += line.count("(") - line.count(")")
        elif line.startswith(" ") and line.strip() and not in_checker:
            yield at, line
        at += len(line) + 1


def candidates(file: str) -> list[Mutant]:
    """Everything that the operators can make of a file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = list(changeable(text))
    names = Names("\n".join(line for _, line in lines))
    found = []
    for at, line in [*lines, *pairs(lines)]:
        for operator, pattern, replace in OPERATORS:
            for match in re.finditer(pattern, line) if ("\n" in line) == (operator == ORDER) else ():
                if match[0].count("(") != match[0].count(")"):
                    continue
                pieces = [text[at + match.start(i):at + match.end(i)] for i in range(len(match.groups()) + 1)]
                new = replace(names, *pieces)
                if new != pieces[0]:
                    found.append(Mutant(operator, file, text, at + match.start(), pieces[0], new))
    return found


def pairs(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Each two neighbours among lines, as one."""
    for (at, first), (below, second) in itertools.pairwise(lines):
        if at + len(first) + 1 == below:
            yield at, f"{first}\n{second}"


def in_turns(mutants: list[Mutant], seed: str) -> Iterator[Mutant]:
    """All of them, shuffled, one of each operator before the second of any."""
    chance = random.Random(seed)
    by_operator = defaultdict(list)
    for mutant in chance.sample(mutants, len(mutants)):
        by_operator[mutant.operator].append(mutant)
    for row in itertools.zip_longest(*chance.sample(list(by_operator.values()), len(by_operator))):
        yield from filter(None, row)


def by_weight(mutants: list[Mutant], seed: str) -> Iterator[Mutant]:
    """All of them in a random order, those of an operator as early as its mistake is frequent."""
    chance, frequent = random.Random(seed), weights()
    by_operator = defaultdict(list)
    for mutant in chance.sample(mutants, len(mutants)):
        by_operator[mutant.operator].append(mutant)
    while by_operator:
        (operator,) = chance.choices(list(by_operator), [frequent[name] for name in by_operator])
        yield by_operator[operator].pop()
        if not by_operator[operator]:
            del by_operator[operator]


def choose(files: list[str], seed: int, order: Callable[[list[Mutant], str], Iterator[Mutant]] = in_turns) -> Iterator[Mutant]:
    """All mutants of the files, one of each file before the second of any; a file's do not depend on the others."""
    wanted = [file for file in sorted(files) if not NOT_MUTATED.search(file)]
    columns = [order(candidates(file), f"{seed} {file}") for file in random.Random(seed).sample(wanted, len(wanted))]
    for row in itertools.zip_longest(*columns):
        yield from filter(None, row)
