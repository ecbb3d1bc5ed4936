# SPDX-License-Identifier: MIT
"""What the kernel's operations cost: measured, and compared with limits and with other kernels.

The program bench measures inside the machine. Under `-icount shift=0` one guest instruction is one tick of the
time stamp counter, so the numbers are exact and the same in every run.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import LabError
from .build import ROOT, built
from .machine import Machine
from .verdict import problems

PEERS = ["ancestor -O2", "xv6", "Linux 6.1", "Tilck", "Fiwix"]
COPYING = {"cow": "true", "eager": "false"}
RELEASE = ["-Dbuildtype=release", "-Ddebug_checks=false"]
LIVE, QUICK_LIVE = (10, 500, 2000), (10,)
SWAP_ROWS = ["major", "evict"]  # of a kernel that swaps, on a machine with a disk
ICOUNT = ["-icount", "shift=0,sleep=off"]
ROW = re.compile(r"^bench: (\S+) = (\d+)$")

Numbers = dict[str, dict[int, dict[str, float]]]  # copying -> live processes -> row -> number


@dataclass(frozen=True)
class Operation:
    """A line of the table, from tools/bench_peers.toml."""
    row: str
    title: str
    must: float
    aim: float
    peers: list[str]
    copies: bool = False
    at_least: bool = False

    def over(self, number: float, copying: str, allowance: float) -> bool:
        """Whether the number breaks the limit, which an allowance of 1.5 widens by half."""
        if copying == "eager" and self.copies:
            return False
        return number < self.must / allowance if self.at_least else number > self.must * allowance


def operations() -> list[Operation]:
    """The lines of the table."""
    with (ROOT / "tools/bench_peers.toml").open("rb") as file:
        return [Operation(**fields) for fields in tomllib.load(file)["operation"]]


def kernel_of(copying: str, options: list[str], folder: Path) -> Path:
    """The kernel of one configuration, built if needed."""
    return built(folder, [f"-Dcow={COPYING[copying]}", *options])


def measure(kernel: Path, live: int, timeout: float, row: str | None = None) -> dict[str, float]:
    """The rows that `bench live N` prints, or one of them, on a machine with a disk."""
    machine = Machine(kernel, ["bench", "live", str(live), *([row] if row else [])], ["trace=off"], extra=ICOUNT,
                      swap="64M" if row else None)
    run = machine.run(timeout)
    try:
        if wrong := problems(run, traced=False):
            raise LabError("\n".join(["the run did not pass:", *wrong, run.lines.numbered(20),
                                      "repeat it with", run.repeat()]))
        return {found[1]: float(found[2]) for line in run.lines if (found := ROW.match(line))}
    finally:
        run.close()


def add_ratio(by_live: dict[int, dict[str, float]]) -> None:
    """Add what a fork costs among the most processes divided by its cost among the fewest."""
    if LIVE[0] in by_live and LIVE[-1] in by_live:
        by_live[LIVE[-1]]["ratio"] = round(by_live[LIVE[-1]]["fork"] / by_live[LIVE[0]]["fork"], 3)


def shown(number: float | None) -> str:
    """A number for the table: a ratio has decimals, a missing number is empty."""
    if not number:
        return ""
    return f"{number:,.0f}" if number >= 2 else f"{number:.2f}"


def cell(operation: Operation, number: float | None, copying: str, allowance: float) -> str:
    """A number for the table, marked if it is over its limit."""
    if number is None or not operation.over(number, copying, allowance):
        return shown(number)
    return f"[bold red]{shown(number)} ![/]"


def columns(numbers: Numbers) -> Iterator[tuple[str, int]]:
    """Copying and live processes of each column."""
    for copying, by_live in numbers.items():
        for live in by_live:
            yield copying, live


def print_table(console: Console, title: str, numbers: Numbers, allowance: float) -> list[str]:
    """Print the table. Returns the names of the numbers that are over their limit."""
    table = Table(title=title, caption="guest instructions; ! breaks the limit")
    table.add_column("operation")
    for copying, live in columns(numbers):
        table.add_column(f"{copying}@{live}", justify="right")
    for name in ["must", "aim", *PEERS]:
        table.add_column(name, justify="right")
    over = []
    for operation in operations():
        values = [(numbers[copying][live].get(operation.row), copying, live) for copying, live in columns(numbers)]
        over += [f"{copying}@{live} {operation.row}" for value, copying, live in values
                 if value is not None and operation.over(value, copying, allowance)]
        table.add_row(operation.title, *(cell(operation, value, copying, allowance) for value, copying, _ in values),
                      shown(operation.must * allowance ** (-1 if operation.at_least else 1)), shown(operation.aim),
                      *operation.peers)
    console.print(table)
    return over


def measure_all(console: Console, name: str, options: list[str], lives: tuple[int, ...], timeout: float,
                folder: Path) -> Numbers:
    """Build and measure one kind of build."""
    numbers: Numbers = {}
    for copying in COPYING:
        with console.status(f"building {name} {copying}"):
            kernel = kernel_of(copying, [*options, "-Dswap=false"],
                               folder / (copying if name == "release" else f"{copying}-{name}"))
        numbers[copying] = {}
        for live in lives:
            with console.status(f"measuring {name} {copying} with {live} processes alive"):
                numbers[copying][live] = measure(kernel, live, timeout)
        add_ratio(numbers[copying])
        with console.status(f"measuring {name} {copying} with a disk"):
            kernel = kernel_of(copying, options, folder / f"{copying}-{name}-swap")
            for row in SWAP_ROWS:
                numbers[copying][lives[0]] |= measure(kernel, lives[0], timeout, row)
    return numbers


def bench(quick: bool, also_default: bool, json_file: Path | None, timeout: float, folder: Path) -> list[str]:
    """Measure, print the tables and write the numbers. Returns the names of the numbers over their limit."""
    progress = Console(stderr=True)
    output = Console(width=None if sys.stdout.isatty() else 200)
    kinds: dict[str, tuple[list[str], float]] = {"release": (RELEASE, 1.0)}
    if also_default:
        kinds["default"] = [], 1.5
    numbers: dict[str, Numbers] = {}
    over: list[str] = []
    for name, (options, allowance) in kinds.items():
        numbers[name] = measure_all(progress, name, options, QUICK_LIVE if quick else LIVE, timeout, folder)
        over += [f"{name} {what}" for what in print_table(output, f"ucow, {name} build", numbers[name], allowance)]
    if json_file:
        json_file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if over:
        output.print(f"{len(over)} over the limit:\n  " + "\n  ".join(over), highlight=False)
    return over
