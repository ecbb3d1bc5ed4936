# SPDX-License-Identifier: MIT
"""How costs grow: the program growth measures an operation in worlds of four sizes, and an exponent is fitted.

If the cost is proportional to size ** e, the points of log(cost) over log(size) lie on a line of slope e: 0 for a cost
that does not depend on the size, nearly 0 for its logarithm, 1 for work in proportion.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import LabError
from .bench import ICOUNT, RELEASE, kernel_of, shown
from .machine import Machine
from .verdict import problems

ROW = re.compile(r"^growth: \S+ \d+ = (\d+)$")
MOST = {"constant": 0.03, "log": 0.15, "proportional": 1.03}  # exponents, by how the cost may grow


@dataclass(frozen=True)
class Parameter:
    """What grows, in which operation, at which sizes, and how the operation's cost may grow with it."""
    name: str
    operation: str
    sizes: tuple[int, int, int, int]
    may: str
    machine: Mapping[str, str] = field(default_factory=dict)

    def make(self, kernel: Path, size: int) -> Machine:
        """The machine for one size."""
        if self.name == "archive":
            nop = kernel.parents[1] / "user/nop"
            return Machine(kernel, ["growth", self.name, str(size)], ["trace=off"], extra=ICOUNT,
                           modules={f"module{i}": nop for i in range(size)})
        options = ["trace=on", f"trace_kib={size}"] if self.name == "ring" else ["trace=off"]
        return Machine(kernel, ["growth", self.name, str(size)], options, extra=ICOUNT,
                       memory=self.machine.get("memory", "128M"), swap=self.machine.get("swap"))


LIVE = (50, 200, 800, 3200)
PARAMETERS = [
    Parameter("processes", "fork + exit + wait, other processes live", LIVE, "constant"),
    Parameter("siblings", "the same, the caller has other children", LIVE, "constant"),
    Parameter("zombies", "wait for any, other zombies", LIVE, "constant"),
    Parameter("sleepers", "kill + wait, others sleep until the same tick", LIVE, "log"),
    Parameter("sharers", "COW fault on a page that others share", LIVE, "constant"),
    Parameter("pages", "fork + exit + wait, dirty pages", (256, 1024, 4096, 16384), "proportional"),
    Parameter("sparse", "the same, one page in each table", (8, 32, 128, 512), "proportional"),
    Parameter("regions", "mmap + touch + munmap, other regions", (100, 400, 1600, 6400), "log"),
    Parameter("slots", "a page goes to the disk and back, slots in use", (256, 1024, 4096, 16384), "constant",
              {"swap": "128M"}),
    Parameter("arguments", "fork + exec + exit + wait, bytes of an argument", (64, 256, 1024, 4000), "proportional"),
    Parameter("output", "write to the console, bytes", (256, 1024, 4096, 16384), "proportional"),
    Parameter("ring", "fork + exit + wait traced, KiB of the ring", (64, 256, 1024, 4096), "constant"),
    Parameter("archive", "fork + exec + exit + wait, more programs", (2, 4, 8, 16), "log"),
]


def cost(machine: Machine, timeout: float) -> float:
    """The number that the program growth prints on this machine."""
    run = machine.run(timeout)
    try:
        found = [found[1] for line in run.lines if (found := ROW.match(line))]
        if (wrong := problems(run, traced=False)) or len(found) != 1:
            raise LabError("\n".join(["the run did not pass:", *wrong, run.lines.numbered(20), "repeat it with", run.repeat()]))
        return float(found[0])
    finally:
        run.close()


def exponent(sizes: tuple[int, ...], costs: list[float]) -> float:
    """The slope of the line that fits log(cost) over log(size) best (least squares)."""
    x, y = [log(size) for size in sizes], [log(cost) for cost in costs]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    return (sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
            / sum((a - middle_x) ** 2 for a in x))


def growth(timeout: float, folder: Path, only: str | None = None) -> list[str]:
    """Measure all parameters and print the table. Returns the names of those that grow faster than they may."""
    names = [parameter.name for parameter in PARAMETERS]
    if only is not None and only not in names:
        raise LabError(f"no parameter is called {only}: there are {' '.join(names)}")
    progress, output = Console(stderr=True), Console()
    with progress.status("building release cow"):
        kernel = kernel_of("cow", RELEASE.options, folder / "cow-release-swap")
    table = Table(title="how costs grow: guest instructions at four sizes, release build",
                  caption="! grows faster than it may: constant, with the logarithm, or in proportion")
    for name in ["parameter", "operation", "sizes", "costs", "exponent", "may be"]:
        table.add_column(name, justify="right" if name in ("sizes", "costs", "exponent") else "left")
    fast = []
    for parameter in PARAMETERS:
        if only not in (None, parameter.name):
            continue
        with progress.status(f"measuring {parameter.name}"):
            costs = [cost(parameter.make(kernel, size), timeout) for size in parameter.sizes]
        fitted = exponent(parameter.sizes, costs)
        over = fitted > MOST[parameter.may]
        fast += [parameter.name] if over else []
        table.add_row(parameter.name, parameter.operation, "\n".join(f"{size:,}" for size in parameter.sizes),
                      "\n".join(shown(number) for number in costs), f"{fitted:.3f}{' !' if over else ''}", parameter.may,
                      end_section=True)
    output.print(table)
    return fast
