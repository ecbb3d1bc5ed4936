# SPDX-License-Identifier: MIT
"""What operations cost with any build option, beside a measurement that was kept as CSV.

The machine and the rows are those of the budgets: a release kernel, or what the options make of it, with trace off.
"""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import LabError
from .bench import RELEASE, measure, operations
from .budgets import machine
from .build import ROOT, built, refusal_of_meson
from .configurations import Options
from .figure import check_place, prepare_matplotlib, save

FIELDS = ["options", "row", "instructions"]


@dataclass(frozen=True)
class Costs:
    """The rows of one kernel, and what it was built with."""
    options: str
    rows: dict[str, int]

    @classmethod
    def read(cls, file: Path) -> "Costs":
        """What write() has written."""
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                rows = list(csv.DictReader(lines))
            return cls(rows[0]["options"], {row["row"]: int(row["instructions"]) for row in rows})
        except (KeyError, IndexError, TypeError, ValueError):
            raise LabError(f"{file} is no measurement: write one with tools/bench -D OPTION=VALUE --csv FILE") from None

    def write(self, file: Path) -> None:
        with file.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(FIELDS)
            writer.writerows([self.options, row, number] for row, number in self.rows.items())


@dataclass(frozen=True)
class Change:
    """A row of two measurements; None: it was not measured."""
    row: str
    before: int | None
    now: int | None

    @property
    def percent(self) -> float | None:
        """How much more it costs now."""
        return 100 * (self.now - self.before) / self.before if self.before and self.now is not None else None


def changes(before: Costs, now: Costs) -> list[Change]:
    """Every row of either, the largest increase first and what only one of them has last."""
    found = [Change(row, before.rows.get(row), now.rows.get(row)) for row in {**now.rows, **before.rows}]
    return sorted(found, key=lambda change: (change.percent is None, -(change.percent or 0)))


def checked(options: Sequence[str]) -> list[str]:
    """The options, each as NAME=VALUE that meson_options.txt has."""
    known = Options(ROOT).values
    for option in options:
        name, _, value = option.partition("=")
        if name not in known or name == "clang":
            raise LabError(f"-D {option}: there is no option {name}; there are {' '.join(sorted(known.keys() - {'clang'}))}")
        if value not in known[name]:
            raise LabError(f"-D {option}: {name} is one of {' '.join(known[name])}")
    return list(options)


def kernel_with(options: Sequence[str], folder: Path) -> Path:
    """The kernel with these options, built if needed."""
    place = folder / "-".join(["with", *options])
    with refusal_of_meson():
        return built(place, [*RELEASE.options, *(f"-D{option}" for option in options)])


def print_costs(console: Console, now: Costs, before: Costs | None) -> None:
    """The table: a line for each row, with the difference to `before`."""
    titles = {operation.row: operation.title for operation in operations()}
    table = Table(title=f"ucow, {now.options}", caption="guest instructions; bytes where the row says so")
    for name in ["row", "operation", *([before.options, now.options, "change"] if before else [now.options])]:
        table.add_column(name, justify="left" if name in ("row", "operation") else "right")
    for change in changes(before or Costs("", now.rows), now):
        percent = "" if change.percent is None else f"{change.percent:+.1f} %"
        before_now = ["" if number is None else f"{number:,}" for number in (change.before, change.now)]
        cells = [*before_now, percent] if before else before_now[1:]
        table.add_row(change.row, titles.get(change.row, ""), *cells)
    console.print(table)


def draw(file: Path, before: Costs, now: Costs) -> None:
    """A bar for each row: how much more it costs now."""
    prepare_matplotlib()
    import matplotlib.pyplot as plt
    found = [(change.row, change.percent) for change in reversed(changes(before, now)) if change.percent is not None]
    figure, axes = plt.subplots(figsize=(8, 1 + 0.2 * len(found)), layout="constrained")
    axes.barh([row for row, _ in found], [percent for _, percent in found],
              color=["C3" if percent > 0 else "C0" for _, percent in found])
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set(xlabel=f"% more guest instructions: {now.options}, beside {before.options}")
    save(figure, file)


def variant(options: Sequence[str], baseline: Path | None, csv_file: Path | None, picture: Path | None,
            timeout: float, folder: Path) -> None:
    """Measure the release kernel with these options; print, write and draw as asked."""
    for file in (csv_file, picture):
        if file:
            check_place(file)
    if picture:
        prepare_matplotlib()
    before = Costs.read(baseline) if baseline else None
    name, progress = " ".join(checked(options)) or "release", Console(stderr=True)
    with progress.status(f"building {name}"):
        kernel = kernel_with(options, folder)
    with progress.status(f"measuring {name}"):
        now = Costs(name, {row: int(number) for row, number in measure(machine(kernel, RELEASE), timeout).items()})
    print_costs(Console(width=None if sys.stdout.isatty() else 200), now, before)
    if csv_file:
        now.write(csv_file)
    if picture and before:
        draw(picture, before, now)
