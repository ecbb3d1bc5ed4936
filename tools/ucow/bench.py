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
from .boot_cost import entry_stamp
from .build import ROOT, built
from .figure import check_place
from .machine import Machine
from .verdict import problems

PEERS = ["ancestor -O2", "xv6", "Linux 6.1", "Tilck", "Fiwix"]
COPYING = {"cow": "true", "eager": "false"}
LIVE, QUICK_LIVE = (10, 500, 2000), (10,)
SWAP_ROWS = ["major", "evict"]  # of a kernel that swaps, on a machine with a disk
LARGE_ROWS = ["fork-64M", "fork-256M", "fork-768M"]  # of a kernel that shares, on a machine with LARGE memory
ICOUNT = ["-icount", "shift=0,sleep=off"]
ROW = re.compile(r"^bench: (\S+) = (\d+)$")
LARGE = "2G"        # for processes-2G: more memory than the kernel maps
WORST_RATIO = 2.5   # of the default build, checks and trace on, to the release build

Numbers = dict[str, dict[int, dict[str, float]]]  # copying -> live processes -> row -> number


@dataclass(frozen=True)
class Kind:
    """A kind of build: the limits hold for release with the trace off, and people run the default with it on."""
    name: str
    options: list[str]
    trace: str


RELEASE = Kind("release", ["-Dbuildtype=release", "-Ddebug_checks=false"], "off")
DEFAULT = Kind("default", [], "on")


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
    must_default: float = 0  # limit of the default build as people run it; 0: WORST_RATIO times the release build

    def over(self, number: float, copying: str) -> bool:
        """Whether the number breaks the limit."""
        if copying == "eager" and self.copies:
            return False
        return number < self.must if self.at_least else number > self.must

    def over_as_run(self, number: float, ratio: float) -> bool:
        """Whether the default build breaks its limit with a number that is `ratio` times that of the release build."""
        return number > self.must_default if self.must_default else ratio > WORST_RATIO


def operations() -> list[Operation]:
    """The lines of the table."""
    with (ROOT / "tools/bench_peers.toml").open("rb") as file:
        return [Operation(**fields) for fields in tomllib.load(file)["operation"]]


def kernel_of(copying: str, options: list[str], folder: Path) -> Path:
    """The kernel of one configuration, built if needed."""
    return built(folder, [f"-Dcow={COPYING[copying]}", *options])


def measure(machine: Machine, timeout: float) -> dict[str, float]:
    """The rows that the program bench prints on this machine."""
    run = machine.run(timeout)
    try:
        if wrong := problems(run, traced=False):
            raise LabError("\n".join(["the run did not pass:", *wrong, run.lines.numbered(20),
                                      "repeat it with", run.repeat()]))
        return {found[1]: float(found[2]) for line in run.lines if (found := ROW.match(line))}
    finally:
        run.close()


def machine_for(kernel: Path, *words: str, trace: str = "off", memory: str = "128M", swap: str | None = None) -> Machine:
    """A machine that runs the program bench and counts its instructions."""
    return Machine(kernel, ["bench", *words], [f"trace={trace}"], extra=ICOUNT, memory=memory, swap=swap)


def measure_boot(kernel: Path, timeout: float, trace: str = "off") -> float:
    """The instructions from the kernel's first one to those of the first program."""
    started = measure(machine_for(kernel, "live", "0", "started", trace=trace), timeout)["started"]
    return (started - entry_stamp(kernel, lambda copy: machine_for(copy, trace=trace).run(timeout))) % 2**32


def add_ratio(by_live: dict[int, dict[str, float]]) -> None:
    """Add what a fork costs among the most processes divided by its cost among the fewest."""
    if LIVE[0] in by_live and LIVE[-1] in by_live:
        by_live[LIVE[-1]]["ratio"] = round(by_live[LIVE[-1]]["fork"] / by_live[LIVE[0]]["fork"], 3)


def shown(number: float | None) -> str:
    """A number for the table: a ratio has decimals, a missing number is empty."""
    if not number:
        return ""
    return f"{number:,.0f}" if number >= 2 else f"{number:.2f}"


def cell(operation: Operation, number: float | None, copying: str) -> str:
    """A number for the table, marked if it is over its limit."""
    if number is None or not operation.over(number, copying):
        return shown(number)
    return f"[bold red]{shown(number)} ![/]"


def columns(numbers: Numbers) -> Iterator[tuple[str, int]]:
    """Copying and live processes of each column."""
    for copying, by_live in numbers.items():
        for live in by_live:
            yield copying, live


def print_table(console: Console, title: str, numbers: Numbers) -> list[str]:
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
                 if value is not None and operation.over(value, copying)]
        table.add_row(operation.title, *(cell(operation, value, copying) for value, copying, _ in values),
                      shown(operation.must), shown(operation.aim),
                      *operation.peers)
    console.print(table)
    return over


@dataclass(frozen=True)
class Kernels:
    """A kernel, and the same with swap, which may be the same one, for the rows that need a disk."""
    name: str
    kernel: Path
    swapping: Path
    trace: str
    copying: str


def measure_kernel(console: Console, kernels: Kernels, lives: tuple[int, ...], timeout: float) -> dict[int, dict[str, float]]:
    """All rows of a kernel, by live processes; those that do not depend on them with the first."""
    name, kernel, trace = kernels.name, kernels.kernel, kernels.trace
    numbers = {}
    for live in lives:
        with console.status(f"measuring {name} with {live} processes alive"):
            numbers[live] = measure(machine_for(kernel, "live", str(live), trace=trace), timeout)
    add_ratio(numbers)
    first = numbers[lives[0]]
    with console.status(f"measuring {name} with a disk"):
        for row in SWAP_ROWS:
            first |= measure(machine_for(kernels.swapping, "live", str(lives[0]), row, trace=trace, swap="64M"), timeout)
    with console.status(f"measuring {name}: the boot, and {LARGE} of memory"):
        first["boot"] = measure_boot(kernel, timeout, trace)
        for row in LARGE_ROWS if kernels.copying == "cow" else []:
            first |= measure(machine_for(kernel, "live", str(lives[0]), row, trace=trace, memory=LARGE), timeout)
        if len(lives) > 1:
            large = machine_for(kernel, "live", "0", "processes", trace=trace, memory=LARGE)
            first["processes-2G"] = measure(large, timeout)["processes"]
    return numbers


def measure_release(console: Console, copying: str, lives: tuple[int, ...], timeout: float,
                    folder: Path) -> dict[int, dict[str, float]]:
    """Build and measure the release kernel with one way of copying: without swap, but for the rows that need it."""
    name = f"release {copying}"
    with console.status(f"building {name}"):
        kernel = kernel_of(copying, [*RELEASE.options, "-Dswap=false"], folder / copying)
        swapping = kernel_of(copying, RELEASE.options, folder / f"{copying}-release-swap")
    return measure_kernel(console, Kernels(name, kernel, swapping, RELEASE.trace, copying), lives, timeout)


def measure_as_run(console: Console, kind: Kind, timeout: float, folder: Path) -> dict[int, dict[str, float]]:
    """Build and measure this kind of build with the options that it has unless another one is asked for, swap too."""
    name = f"{kind.name} cow, as people run it"
    with console.status(f"building {name}"):
        kernel = kernel_of("cow", kind.options, folder / f"cow-{kind.name}-swap")
    return measure_kernel(console, Kernels(name, kernel, kernel, kind.trace, "cow"), QUICK_LIVE, timeout)


def print_ratios(console: Console, release: dict[str, float], default: dict[str, float]) -> list[str]:
    """Print the default build's costs as multiples of the release build's. Returns what is over the limit."""
    ratios = [(default[operation.row] / release[operation.row], operation) for operation in operations()
              if not operation.at_least and operation.row != "ratio" and release.get(operation.row)]
    table = Table(title="the default build as people run it, with checks and trace, beside the release build",
                  caption="a plain `tools/run` build, and one that differs by -Dbuildtype=release -Ddebug_checks=false and "
                          f"trace=off alone; ! is more than {WORST_RATIO} times as much, or than a limit of its own")
    for name in ["operation", "release", "default", "ratio"]:
        table.add_column(name, justify="left" if name == "operation" else "right")
    for ratio, operation in sorted(ratios, key=lambda found: -found[0]):
        over = " !" if operation.over_as_run(default[operation.row], ratio) else ""
        table.add_row(operation.title, shown(release[operation.row]), shown(default[operation.row]), f"{ratio:.2f}{over}")
    console.print(table)
    return [f"{operation.row}, {ratio:.2f} times" for ratio, operation in ratios
            if operation.over_as_run(default[operation.row], ratio)]


def bench(quick: bool, also_default: bool, json_file: Path | None, timeout: float, folder: Path) -> list[str]:
    """Measure, print the tables and write the numbers. Returns the names of the numbers over their limit."""
    if json_file:
        check_place(json_file)
    output = Console(width=None if sys.stdout.isatty() else 200)
    progress, lives = Console(stderr=True), QUICK_LIVE if quick else LIVE
    numbers: dict[str, Numbers] = {"release": {copying: measure_release(progress, copying, lives, timeout, folder)
                                               for copying in COPYING}}
    over = [f"release {what}" for what in print_table(output, "ucow, release build", numbers["release"])]
    if also_default:
        for kind in (RELEASE, DEFAULT):
            numbers[f"{kind.name} as run"] = {"cow": measure_as_run(progress, kind, timeout, folder)}
        rows = [numbers[f"{kind.name} as run"]["cow"][QUICK_LIVE[0]] for kind in (RELEASE, DEFAULT)]
        over += [f"default beside release: {what}" for what in print_ratios(output, *rows)]
    if json_file:
        json_file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if over:
        output.print(f"{len(over)} over the limit:\n  " + "\n  ".join(over), highlight=False)
    return over
