# SPDX-License-Identifier: MIT
"""How late a sleeper is while another process makes the kernel work for long: the cases of user/bench/latency.c.

The default build on the default machine, whose tick holds 78,125 instructions. CASES is also what test `latency` runs,
on a smaller machine.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import LabError
from .build import built
from .machine import Machine, Run, size_bytes
from .verdict import problems

MOST_TICKS = 10  # that a sleeper may be late
LINE = re.compile(r"^latency: \w+ \d+: worked (\d+) ticks, a sleeper was at most (\d+) late in (\d+) naps$")
BUILDS: dict[str, list[str]] = {"cow": [], "eager": ["-Dcow=false"], "no swap": ["-Dswap=false"]}
MEMORY, DISK = "1G", "1G"


@dataclass(frozen=True)
class Case:
    """What a process does; with how many MiB, processes or regions in the suite and in the table."""
    name: str
    what: str
    small: int = 40
    large: int = 700
    memory: str | None = None  # if the amount of memory is part of the case, or more than usual
    needs_swap: bool = False


CASES = [
    Case("munmap", "munmap"),
    Case("unshare", "munmap of shared memory"),
    Case("exit", "exit"),
    Case("exec", "exec"),
    Case("fork", "fork", large=350),
    Case("brk", "brk to where it was"),
    Case("fixed", "MAP_FIXED over all memory"),
    Case("write", "write of a range that was never touched"),
    Case("touch", "touching new memory"),
    Case("pages", "pages"),
    Case("pgdir", "pgdir"),
    Case("threads", "munmap and fork by a thread of the sleeper's memory", large=350),
    Case("pageout", "pageout", small=40, large=400, needs_swap=True),
    Case("storm", "writing more memory than there is", small=40, large=40, memory="32M", needs_swap=True),
    Case("zombies", "init reaps zombies", 1200, 7000),
    Case("orphans", "init adopts orphans", 1200, 5000),
    Case("procs", "procs among many processes", 1200, 5000),
    Case("kills", "killing sleepers at once", 2000, 7000),
    Case("group", "killing a group of sleepers", 3500, 7000, memory="512M"),
    Case("crowd", "the same in a memory that they fill", 3500, 3500, memory="96M", needs_swap=True),
    Case("readers", "having those that wait for input look again", 2000, 7000),
    Case("regions", "making, copying and removing regions", 15000, 300000),
]


@dataclass(frozen=True)
class Lateness:
    """What a run of a case printed, in ticks."""
    worked: int
    late: int
    naps: int


def lateness(run: Run) -> Lateness:
    """The numbers of a run that passed."""
    found = [match for line in run.lines if (match := LINE.match(line))]
    if (wrong := problems(run, traced=False)) or len(found) != 1:
        raise LabError("\n".join(["the run did not pass:", *wrong, run.lines.numbered(20), "repeat it with", run.repeat()]))
    return Lateness(*map(int, found[0].groups()))


def measure(kernel: Path, case: Case, swap: bool, timeout: float) -> Lateness:
    """Run the large form of a case."""
    memory = case.memory or MEMORY
    run = Machine(kernel, ["latency", case.name, str(case.large)], ["trace=off"], memory=memory,
                  swap=DISK if swap else None).run(timeout)
    try:
        return lateness(run)
    finally:
        run.close()


def table(timeout: float, folder: Path) -> list[str]:
    """Measure and print. Returns the cases in which a sleeper is too late."""
    progress, output = Console(stderr=True), Console(width=None if sys.stdout.isatty() else 120)
    shown = Table(title=f"how late a sleeper is, in ticks of 78,125 instructions; {MEMORY} of memory",
                  caption=f"! is more than {MOST_TICKS}")
    shown.add_column("while another process does")
    shown.add_column("with", justify="right")
    for build in BUILDS:
        shown.add_column(build, justify="right")
    kernels, late = {}, []
    for build, options in BUILDS.items():
        with progress.status(f"building {build}"):
            kernels[build] = built(folder / f"latency-{build.replace(' ', '-')}", options)
    for case in CASES:
        cells = []
        for build, kernel in kernels.items():
            swap = build != "no swap"
            if case.needs_swap and not swap:
                cells.append("")
                continue
            with progress.status(f"{build}: {case.what}"):
                ticks = measure(kernel, case, swap, timeout).late
            if ticks > MOST_TICKS:
                late.append(f"{build}: {case.name}: {ticks} ticks")
            cells.append(f"{ticks} !" if ticks > MOST_TICKS else f"{ticks}")
        shown.add_row(case.what, f"{case.large:,}", *cells)
    output.print(shown)
    if late:
        output.print("a sleeper is too late:\n  " + "\n  ".join(late), highlight=False)
    return late
