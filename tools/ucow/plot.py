# SPDX-License-Identifier: MIT
"""A picture of what fork costs: against the parent's memory, and against the number of live processes."""

from pathlib import Path

import matplotlib
from rich.console import Console

from .bench import DEFAULT, LIVE, PEERS, RELEASE, Numbers, kernel_of, machine_for, measure, operations

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the format)

MEMORY_ROWS = {"fork": 0.05, "fork-1M": 1, "fork-4M": 4, "fork-16M": 16}  # MiB; a tiny process has about 50 KiB
UNITS = {"k": 1e3, "M": 1e6}
OURS = {"release": ("C3", "ucow, release"), "default": ("C1", "ucow, default: checks and trace on")}


def peer_number(text: str) -> float | None:
    """A peer's cost as the table has it, "1.59 M" or "94,299", as a number; None if it is not known."""
    words = text.replace(",", "").split()
    try:
        return float(words[0]) * (UNITS[words[1]] if len(words) > 1 else 1)
    except (ValueError, KeyError):
        return None


def against_memory(axes: plt.Axes, numbers: dict[str, Numbers]) -> None:
    """Draw fork + exit + wait over the parent's dirty memory."""
    rows = {operation.row: operation for operation in operations()}
    for i, peer in enumerate(PEERS):
        points = [(mib, cost) for row, mib in MEMORY_ROWS.items() if (cost := peer_number(rows[row].peers[i]))]
        axes.plot([mib for mib, _ in points], [cost for _, cost in points], color="0.6", marker=".", linewidth=1)
        axes.annotate(peer, points[-1], xytext=(4, 0), textcoords="offset points", fontsize=8, color="0.4", va="center")
    for kind, (color, label) in OURS.items():
        measured = numbers[kind]["cow"][LIVE[0]]
        axes.plot(list(MEMORY_ROWS.values()), [measured[row] for row in MEMORY_ROWS], color=color, marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlim=(0.04, 60), xlabel="MiB of dirty memory in the parent",
             title="fork + exit + wait")
    axes.set_xticks(list(MEMORY_ROWS.values()), ["tiny", "1", "4", "16"])
    axes.minorticks_off()


def against_processes(axes: plt.Axes, numbers: dict[str, Numbers]) -> None:
    """Draw fork + exit + wait of a tiny process over the number of live processes."""
    for kind, (color, label) in OURS.items():
        by_live = numbers[kind]["cow"]
        axes.plot(list(by_live), [row["fork"] for row in by_live.values()], color=color, marker="o", label=label)
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


def draw(numbers: dict[str, Numbers], file: Path) -> None:
    """Draw both diagrams into `file`, whose name says the format."""
    plt.rcParams.update({"svg.hashsalt": "ucow", "svg.fonttype": "none", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    against_memory(left, numbers)
    against_processes(right, numbers)
    left.set_ylabel("guest instructions")
    left.legend(loc="upper left", frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def plot(file: Path, timeout: float, folder: Path) -> None:
    """Measure the release and the default build, and draw."""
    progress, numbers = Console(stderr=True), {}
    for kind in (RELEASE, DEFAULT):
        with progress.status(f"building {kind.name}"):
            kernel = kernel_of("cow", kind.options, folder / f"cow-{kind.name}-swap")
        with progress.status(f"measuring {kind.name}"):
            by_live = {live: measure(machine_for(kernel, "live", str(live), "fork", trace=kind.trace), timeout) for live in LIVE}
        numbers[kind.name] = {"cow": by_live}
    draw(numbers, file)
