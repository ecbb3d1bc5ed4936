# SPDX-License-Identifier: MIT
"""A picture of what fork costs: against the parent's memory, and against the number of live processes.

The numbers of ucow stand in the picture's description, too, so that the test budgets can tell when it is out of date.
"""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from . import LabError
from .bench import (DEFAULT, LARGE, LARGE_ROWS, LIVE, PEERS, RELEASE, Kind, kernel_of, machine_for, measure,
                    operations)
from .figure import check_place, prepare_matplotlib, save

if TYPE_CHECKING:
    from matplotlib.pyplot import Axes

MEMORY_ROWS = {"fork": 0.05, "fork-1M": 1, "fork-4M": 4, "fork-16M": 16, "fork-64M": 64, "fork-256M": 256,
               "fork-768M": 768}  # MiB; a tiny process has about 50 KiB
UNITS = {"k": 1e3, "M": 1e6}


@dataclass(frozen=True)
class Curve:
    """A kernel of ours: what it is, and how it is drawn."""
    name: str
    copying: str
    kind: Kind
    color: str


CURVES = [Curve("ucow, eager", "eager", RELEASE, "C0"), Curve("ucow, default: checks and trace on", "cow", DEFAULT, "C1"),
          Curve("ucow", "cow", RELEASE, "C3")]

Costs = dict[int, dict[str, float]]  # live processes -> row -> instructions


def peer_number(text: str) -> float | None:
    """A peer's cost as the table has it, "1.59 M" or "94,299", as a number; None if it is not known."""
    words = text.replace(",", "").split()
    try:
        return float(words[0]) * (UNITS[words[1]] if len(words) > 1 else 1)
    except (ValueError, KeyError):
        return None


def against_memory(axes: "Axes", numbers: dict[str, Costs]) -> None:
    """Draw fork + exit + wait over the parent's dirty memory."""
    rows = {operation.row: operation for operation in operations()}
    for i, peer in enumerate(PEERS):
        points = [(mib, cost) for row, mib in MEMORY_ROWS.items() if (cost := peer_number(rows[row].peers[i]))]
        axes.plot([mib for mib, _ in points], [cost for _, cost in points], color="0.6", marker=".", linewidth=1)
        axes.annotate(peer, points[-1], xytext=(4, 0), textcoords="offset points", fontsize=8, color="0.4", va="center")
    for curve in CURVES:
        costs = {mib: cost for row, mib in MEMORY_ROWS.items() if (cost := numbers[curve.name][LIVE[0]].get(row))}
        axes.plot(list(costs), list(costs.values()), color=curve.color, marker="o", label=curve.name)
    axes.set(xscale="log", yscale="log", xlim=(0.04, 1500), xlabel="MiB of dirty memory in the parent",
             title="fork + exit + wait")
    axes.set_xticks(list(MEMORY_ROWS.values()), ["tiny", *(f"{mib:g}" for mib in MEMORY_ROWS.values() if mib >= 1)])
    axes.minorticks_off()


def against_processes(axes: "Axes", numbers: dict[str, Costs]) -> None:
    """Draw fork + exit + wait of a tiny process over the number of live processes."""
    for curve in CURVES:
        by_live = numbers[curve.name]
        axes.plot(list(by_live), [costs["fork"] for costs in by_live.values()], color=curve.color, marker="o", label=curve.name)
    ratio, fork = (next(operation for operation in operations() if operation.row == row) for row in ("ratio", "fork"))
    for i, peer in enumerate(PEERS):
        tiny, growth = peer_number(fork.peers[i]), peer_number(ratio.peers[i])
        if tiny and growth:
            axes.plot([LIVE[0], LIVE[-1]], [tiny, tiny * growth], color="0.6", marker=".", linewidth=1)
            axes.annotate(peer, (LIVE[-1], tiny * growth), xytext=(4, 0), textcoords="offset points", fontsize=8,
                          color="0.4", va="center")
    axes.set(xscale="log", yscale="log", xlim=(8, 8000), xlabel="live processes", title="the same, tiny parent")
    axes.set_xticks(list(LIVE), [f"{live:,}" for live in LIVE])
    axes.minorticks_off()


def draw(numbers: dict[str, Costs], file: Path) -> None:
    """Draw both diagrams into `file`, whose name says the format."""
    prepare_matplotlib()
    import matplotlib.pyplot as plt
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    against_memory(left, numbers)
    against_processes(right, numbers)
    left.set_ylabel("guest instructions")
    left.legend(loc="upper left", frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    save(figure, file, json.dumps({name: costs[LIVE[0]] for name, costs in numbers.items()}))


def shown_in(file: Path) -> dict[str, dict[str, float]]:
    """The numbers of ucow in a picture: the curve's name -> row -> instructions."""
    found = re.search(r"<dc:description>(.*?)</dc:description>", file.read_text(encoding="utf-8"), re.DOTALL)
    if not found:
        raise LabError(f"{file} is no picture that tools/bench --plot has drawn")
    shown: dict[str, dict[str, float]] = json.loads(html.unescape(found[1]))
    return shown


def costs_of(curve: Curve, console: Console, timeout: float, folder: Path) -> Costs:
    """Build this kernel, and measure it with a disk, as budgets are."""
    with console.status(f"building {curve.name}"):
        kernel = kernel_of(curve.copying, curve.kind.options, folder / f"{curve.copying}-{curve.kind.name}-swap")
    trace = curve.kind.trace
    with console.status(f"measuring {curve.name}"):
        costs = {live: measure(machine_for(kernel, "live", str(live), "fork", trace=trace, swap="64M"), timeout) for live in LIVE}
        for row in LARGE_ROWS if curve.copying == "cow" else []:
            costs[LIVE[0]] |= measure(machine_for(kernel, "live", str(LIVE[0]), row, trace=trace, memory=LARGE, swap="64M"), timeout)
    return costs


def plot(file: Path, timeout: float, folder: Path) -> None:
    """Measure our kernels, and draw."""
    check_place(file)
    prepare_matplotlib()
    console = Console(stderr=True)
    draw({curve.name: costs_of(curve, console, timeout, folder) for curve in CURVES}, file)
