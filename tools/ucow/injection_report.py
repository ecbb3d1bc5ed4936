# SPDX-License-Identifier: MIT
"""Reports of injected failures: tables of outcomes and of sites, and the sites that never failed."""

import itertools
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .children import Scratch
from .injection import (KINDS, LAB5, MODES, OUTCOMES, FaultInjector, Job, Sweep, Sweeper, all_jobs, check_programs,
                        check_sources, kernel, sweep_of, unit_count)
from .machine import symbols_of
from .pools import Threads
from .shard import Part, Search, code_of
from .sites import Sites


def print_table(output: Console, sweeps: list[Sweep]) -> None:
    """Print how many failures of each kind there were, and their outcomes."""
    table = Table(title="injected failures and their outcomes",
                  caption="ok: the run ended as without the failure; error: a caller got an error; died: the process "
                          "that got the failure was killed; spins: a program loops because its killer is dead")
    for name in ["kind", "mode", "sites", "failures", *OUTCOMES, "wrong"]:
        table.add_column(name, justify="left" if name in ("kind", "mode") else "right")
    for kind, mode in itertools.product(KINDS, MODES):
        own = [sweep for sweep in sweeps if (sweep.kind, sweep.mode) == (kind, mode)]
        total = sum((sweep.outcomes for sweep in own), Counter[str]())
        sites = {site for sweep in own for site in sweep.sites}
        table.add_row(kind, mode, str(len(sites)), str(sum(sweep.failures for sweep in own)),
                      *(str(total[name]) for name in OUTCOMES), str(sum(len(sweep.wrong) for sweep in own)))
    output.print(table)


def print_sites(output: Console, elf: Path, sweeps: list[Sweep]) -> None:
    """Print each site that failed, by function and line, and how often."""
    failed = sum((sweep.sites for sweep in sweeps), Counter[int]())
    kinds = {site: sweep.kind for sweep in sweeps for site in sweep.sites}
    with Threads(os.cpu_count()) as pool:
        places = dict(zip(failed, pool.map(lambda site: symbols_of(elf).where(site - 1), failed)))

    def order(site: int) -> tuple[int, str]:
        return KINDS.index(kinds[site]), places[site]

    for site in sorted(failed, key=order):
        output.print(f"{kinds[site]:10} {failed[site]:6}  {places[site]}", highlight=False)


def missing(output: Console, elf: Path, sweeps: list[Sweep]) -> int:
    """Compare the sites that failed with those in the kernel's code. Returns the number of differences."""
    sites = Sites(elf)
    failed = {site for sweep in sweeps for site in sweep.sites}
    wrong = list(sites.complaints)
    wrong += [f"never failed: {sites.wanted[site]} at {symbols_of(elf).where(site - 1)}"
              for site in sorted(sites.wanted.keys() - failed)]
    wrong += [f"failed, but is no site of the code: {site:#x} {symbols_of(elf).where(site - 1)}"
              for site in sorted(failed - sites.wanted.keys() - sites.excluded.keys())]
    for site, reason in sorted(sites.excluded.items()):
        output.print(f"left out: {symbols_of(elf).where(site - 1)}: {reason}", highlight=False)
    output.print(f"{len(sites.wanted.keys() & failed)} of {len(sites.wanted)} sites of the kernel's code failed",
                 highlight=False)
    for line in wrong:
        output.print(line, style="bold red", highlight=False)
    return len(wrong)


def sweep_kernel(elf: Path, jobs: list[Job], most: int, limit: float, complete: bool, part: Part, what: str) -> int:
    """Sweep the part of the jobs and print the results. Returns the number of things that are wrong. Only the whole
    can be required to be complete."""
    output = Console(width=None if sys.stdout.isatty() else 160)
    start = time.monotonic()
    check_programs(elf, jobs)
    Sites(elf)  # refuses a kernel without injection
    search = Search(f"tools/inject {what}{f' --most {most}' if most else ''}", unit_count(jobs), code_of(elf))
    with Scratch() as folder, \
            Progress(console=Console(stderr=True)) as progress:
        results = search.results(part, Sweeper(FaultInjector(elf, Path(folder), limit), jobs, most, progress).go)
    sweeps = [sweep_of(record, jobs[unit // len(KINDS)]) for unit, records in results.items() for record in records]
    print_table(output, sweeps)
    print_sites(output, elf, sweeps)
    wrong = [line for sweep in sweeps for line in sweep.wrong]
    for line in wrong:
        output.print(line, style="bold red", highlight=False)
    count = len(wrong) + (missing(output, elf, sweeps) if complete and part.of == 1 else 0)
    runs = sum(sweep.runs for sweep in sweeps)
    output.print(f"{runs} machines in {time.monotonic() - start:.0f} s, {count} wrong", highlight=False)
    return count


def sweep_all(folder: Path, most: int, limit: float, part: Part) -> int:
    """Sweep the whole set on a kernel with copy-on-write, and all of it but the programs of lab 5 on an eager one."""
    with Scratch() as scratch:
        jobs = list(all_jobs(Path(scratch)))
        run = partial(sweep_kernel, most=most, limit=limit, complete=True, part=part)
        return (run(kernel(folder / "cow"), jobs, what="--all")
                + run(kernel(folder / "eager", "-Dcow=false"), [job for job in jobs if job.words[0] not in LAB5], what="--all, eager"))


def sweep_program(words: tuple[str, ...], typed: str, elf: Path | None, folder: Path, most: int, limit: float,
                  complete: bool, part: Part) -> int:
    """Sweep one program, on the kernel `elf` or one built below `folder`. Returns the number of things wrong."""
    jobs = [Job(words, typed.encode().decode("unicode_escape"))]
    if elf is None:
        check_sources(words[0])
    return sweep_kernel(elf or kernel(folder / "cow"), jobs, most, limit, complete, part, " ".join(words))
