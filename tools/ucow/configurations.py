# SPDX-License-Identifier: MIT
"""The build configurations of test/configurations, and the covering set: each pair of option values in one build.

Most mistakes that need more than one option need two, and a set for all pairs is small: some ten builds stand
for some ten thousand (Kuhn, Wallace, Gallo, "Software fault interactions", IEEE TSE 2004). The options and
their values are those of meson_options.txt, and the compilers and build types below.
"""

import random
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

OPTION = re.compile(r"^option\('(\w+)', type: '\w+',(?: choices: \[([^\]]*)\],)? value: '?(\w+)", re.MULTILINE)
SETTING = re.compile(r"-D (\w+)=(\w+)|--(clang) (\d+)")
OTHER_OPTIONS = {"clang": ["14", "19"], "buildtype": ["debugoptimized", "release", "debug"]}

# Pairs that Meson refuses, and pairs without a meaning.
CONTRADICTIONS = [
    {("kcfi", "true"), ("clang", "14")},
    {("kasan", "true"), ("buildtype", "release")},
    {("ubsan", "true"), ("buildtype", "release")},
    {("races", "true"), ("buildtype", "release")},
    {("races", "true"), ("kasan", "true")},
    {("races", "true"), ("debug_checks", "false")},
    {("evict", "fifo"), ("swap", "false")},
    {("tables", "shared"), ("cow", "false")},
]
Value = tuple[str, str]  # an option and its value
Pair = frozenset[Value]

ATTEMPTS = 50    # sets, of which the smallest is taken
CANDIDATES = 40  # for each row of a set, of which the best is taken

HEAD = """\
# The configurations that tools/matrix builds and tests, one a line: its name, the sets that it is in, and the
# words for tools/test. No option is without a build (D74). How the sources read depends on no option, so the
# style suite runs in the first only. The suites tools, course and model ask what the laboratory makes of a
# kernel: in the set ci they run where their answers differ, in default, eager and release. What is small has the
# memory that we promise to need, and swaps, if it does, to a disk 16 times as large.
"""


class Options:
    """Every option with its values, the default first."""

    def __init__(self, root: Path) -> None:
        self.values = dict(OTHER_OPTIONS)
        for name, choices, default in OPTION.findall((root / "meson_options.txt").read_text()):
            every = re.findall(r"\w+", choices) or ["true", "false"]
            self.values[name] = [default, *(value for value in every if value != default)]

    def row(self, words: str) -> dict[str, str]:
        """The values that a configuration's words set, and the defaults of the others; without cow tables are copied,
        as meson.build decides."""
        row = {name: values[0] for name, values in self.values.items()}
        if ("cow", "false") in [(name, value) for name, value, *_ in SETTING.findall(words)] and "tables" in row:
            row["tables"] = "copied"
        for name, value, compiler, version in SETTING.findall(words):
            row[name or compiler] = value or version
        return row

    def words(self, row: dict[str, str]) -> str:
        """The reverse of row()."""
        changed = [(name, row[name]) for name in sorted(self.values) if row[name] != self.values[name][0]]
        return " ".join(f"--clang {value}" if name == "clang" else f"-D {name}={value}" for name, value in changed)

    def pairs(self) -> set[Pair]:
        """Every pair of values that a build can have."""
        return {frozenset(((a, x), (b, y))) for a, b in combinations(self.values, 2)
                for x in self.values[a] for y in self.values[b] if possible({a: x, b: y})}


def possible(row: dict[str, str]) -> bool:
    """Whether no two values of the row contradict each other."""
    return not any(pair <= set(row.items()) for pair in CONTRADICTIONS)


def pairs_of(row: dict[str, str]) -> set[Pair]:
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def grown(seed: Pair, options: Options, left: set[Pair], dice: random.Random) -> dict[str, str] | None:
    """A row with the pair `seed`; each further value adds the most pairs of `left`. None if a row is not possible."""
    row = dict(seed)
    for name in dice.sample(sorted(options.values), len(options.values)):
        if name in row:
            continue
        choices = [value for value in options.values[name] if possible(row | {name: value})]
        if not choices:
            return None
        gains = {value: sum(frozenset(((name, value), other)) in left for other in row.items()) for value in choices}
        row[name] = max(dice.sample(choices, len(choices)), key=gains.__getitem__)
    return row


def covering_set(options: Options, dice: random.Random) -> list[dict[str, str]]:
    """Rows that have every pair, each the best of CANDIDATES."""
    left = options.pairs()
    rows: list[dict[str, str]] = []
    while left:
        seeds = dice.choices(sorted(left, key=sorted), k=CANDIDATES)
        candidates = [row for seed in seeds if (row := grown(seed, options, left, dice))]
        rows.append(max(candidates, key=lambda row: len(pairs_of(row) & left)))
        left -= pairs_of(rows[-1])
    return rows


def lines_of(root: Path) -> list[str]:
    """The lines of test/configurations that are no comments."""
    return [line for line in (root / "test/configurations").read_text().splitlines() if line and line[0] != "#"]


def write(root: Path) -> None:
    """Write test/configurations: the rows whose name is not mix-N stay, the others are made again."""
    options = Options(root)
    rows = min((covering_set(options, random.Random(seed)) for seed in range(ATTEMPTS)), key=len)
    named = [line for line in lines_of(root) if not line.startswith("mix-")]
    mixed = [f"mix-{n:<12} covering     {options.words(row)} -- --no-suite style -t 4"
             for n, row in enumerate(rows, start=1)]
    (root / "test/configurations").write_text(HEAD + "\n".join(named + mixed) + "\n")


def complaints(root: Path) -> Iterator[str]:
    """What the covering set lacks, and settings that no option has."""
    options = Options(root)
    covered: set[Pair] = set()
    for line in lines_of(root):
        name, sets, words = (line.split(None, 2) + [""])[:3]
        row = options.row(words)
        if unknown := [key for key in row if key not in options.values]:
            yield f"test/configurations: {name} sets {unknown[0]}, which is no option of meson_options.txt"
        elif wrong := [key for key, value in row.items() if value not in options.values[key]]:
            yield f"test/configurations: {name} gives {wrong[0]} a value that it does not have"
        elif not possible(row):
            yield f"test/configurations: {name} contradicts itself: see CONTRADICTIONS in tools/ucow/configurations.py"
        elif "covering" in sets.split(","):
            covered |= pairs_of(row)
    for pair in sorted(options.pairs() - covered, key=sorted):
        yield ("test/configurations: no build of the covering set has "
               + " and ".join(f"{name}={value}" for name, value in sorted(pair)) + ": run tools/configurations")
