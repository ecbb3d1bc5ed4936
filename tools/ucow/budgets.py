# SPDX-License-Identifier: MIT
"""Budgets: what each operation cost when test/budgets.toml was written, exactly, by compiler and kind of build.

The test `budgets` compares the build under test with it: a cost that grew by more than 3 % is an error, until
new budgets are written with `tools/bench --renew REASON`. Other compilers make other code, so the figures of a
compiler hold for its version only.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import LabError
from .bench import DEFAULT, ICOUNT, RELEASE, Kind, measure
from .build import ROOT, built, options_of
from .machine import Machine

FILE = ROOT / "test/budgets.toml"
ALLOWED = 1.03
KINDS = [DEFAULT, RELEASE]
HEAD = """\
# What operations cost, in guest instructions (process-bytes: in bytes), by compiler and kind of build, on a machine
# with 128 MiB, a disk and 10 other processes. Written by `tools/bench --renew REASON`; the test `budgets` fails if a
# cost grows by more than 3 %.
"""
OPTIMIZATION = {"debugoptimized": "2", "release": "3"}  # what Meson makes of the kind of build
OPTION = re.compile(r"^option\('(\w+)', type: '\w+'.*?value: (?:'(\w+)'|(\w+))", re.MULTILINE)

Rows = dict[str, int]


def defaults() -> dict[str, bool | str]:
    """The default value of each option that a budget depends on: ucow's, and the kind of build."""
    text = (ROOT / "meson_options.txt").read_text(encoding="utf-8")
    found: dict[str, bool | str] = {name: word or value == "true" for name, word, value in OPTION.findall(text)}
    return found | {"buildtype": "debugoptimized"}


def kind_of(options: Mapping[str, bool | str]) -> Kind | None:
    """The kind of build with these options; None if it is neither, and has no budget."""
    for kind in KINDS:
        asked = dict(word.removeprefix("-D").split("=") for word in kind.options)
        wanted = {name: asked.get(name, value) for name, value in defaults().items()}
        wanted["optimization"] = OPTIMIZATION[str(wanted["buildtype"])]
        if all(str(options.get(name)).lower() == str(value).lower() for name, value in wanted.items()):
            return kind
    return None


def machine(kernel: Path, kind: Kind) -> Machine:
    """The machine on which budgets are measured."""
    return Machine(kernel, ["bench", "quick"], [f"trace={kind.trace}"], extra=ICOUNT, memory="128M", swap="64M")


@dataclass
class Comparison:
    """What changed, as lines to print; `grown` and `strange` are errors."""
    grown: list[str]
    cheaper: list[str]
    strange: list[str]


def compare(budget: Rows, measured: Rows) -> Comparison:
    """Compare costs with their budgets."""
    changes = {row: f"{row:15} {old:>9,} -> {measured[row]:>9,}  {100 * (measured[row] - old) / max(old, 1):+.1f} %"
               for row, old in budget.items() if row in measured}
    return Comparison([text for row, text in changes.items() if measured[row] > budget[row] * ALLOWED],
                      [text for row, text in changes.items() if measured[row] < budget[row] / ALLOWED],
                      [f"{row} has no budget" for row in measured.keys() - budget.keys()]
                      + [f"{row} has a budget, and was not measured" for row in budget.keys() - measured.keys()])


def read() -> dict[str, dict[str, dict[str, int | str]]]:
    """All budgets: compiler -> kind of build -> row or `reason`."""
    try:
        with FILE.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}


def budget_of(compiler: str, kind: Kind) -> Rows | None:
    """The budgets of one compiler and kind of build; None if there are none."""
    section = read().get(compiler, {}).get(kind.name)
    return None if section is None else {row: number for row, number in section.items() if isinstance(number, int)}


def write(budgets: Mapping[str, Mapping[str, Mapping[str, int | str]]]) -> None:
    """Write all budgets to the file."""
    lines = [HEAD]
    for compiler, kinds in sorted(budgets.items()):
        for kind, section in sorted(kinds.items()):
            lines.append(f'["{compiler}".{kind}]')
            lines += [f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value:_}"
                      for name, value in section.items()]
            lines.append("")
    FILE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def compiler_of(folder: Path) -> str:
    """The compiler of the build in `folder`, as the kernel prints it: clang-14.0.6."""
    found = re.search(r"cc=(\S+)\"", (folder / "kernel/config.h").read_text(encoding="utf-8"))
    if found is None:
        raise LabError(f"{folder}/kernel/config.h names no compiler")
    return found[1]


def renew(reason: str, folder: Path, timeout: float) -> list[str]:
    """Measure and write the budgets of this machine's compiler. Returns what changed, as lines to print."""
    if not reason.strip() or '"' in reason or "\\" in reason:
        raise LabError('say in plain words, without quotation marks, why costs may change: tools/bench --renew "..."')
    budgets, changes = read(), []
    for kind in KINDS:
        place = folder / f"budget-{kind.name}"
        kernel = built(place, kind.options)
        if kind_of(options_of(place)) != kind:
            raise LabError(f"{place} is configured otherwise than its name says: remove it")
        compiler = compiler_of(place)
        rows = {row: int(number) for row, number in measure(machine(kernel, kind), timeout).items()}
        changed = compare(budget_of(compiler, kind) or {}, rows)
        changes += [f"{compiler}, {kind.name}: {line}" for line in changed.grown + changed.cheaper + changed.strange]
        budgets.setdefault(compiler, {})[kind.name] = {"reason": reason, **rows}
    write(budgets)
    return changes
