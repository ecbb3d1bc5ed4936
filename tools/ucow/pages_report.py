# SPDX-License-Identifier: MIT
"""The pages of a machine's processes, as JSON and as tables."""

from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from . import LabError
from .memory import open_memory
from .pages import Guest, Process

RIGHTS = {"w": "write", "c": "read, until written", "r": "read", "-": "not in memory"}
COLUMNS = ("pages from", "to", "n", "kind", "may", "slot", "table", "with")


def described(guest: Guest, process: Process) -> dict[str, Any]:
    """A process as JSON."""
    runs = list(guest.runs(process.mm)) if process.mm else []
    same = [pid for pid in guest.spaces.get(process.mm, []) if pid != process.pid]
    counts = {kind: sum(run.pages for run in runs if run.kind == kind)
              for kind in ("private", "shared", "swapped", "cache")}
    return {"pid": process.pid, "parent": process.parent, "name": process.name, "state": process.state,
            "threads": same, "counts": counts,
            "runs": [{**run._asdict(), "pids": list(run.pids), "pages": run.pages} for run in runs]}


def cells(run: dict[str, Any]) -> list[str]:
    """A run of pages as a row of the table."""
    return [f"{run['start']:08x}", f"{run['end']:08x}", str(run["pages"]), run["kind"], RIGHTS[run["rights"]],
            str(run["slot"] or ""), "shared" if run["by_table"] else "", " ".join(map(str, run["pids"]))]


def show(process: dict[str, Any]) -> None:
    """Print one process as a table."""
    counts = ", ".join(f"{n} {kind}" for kind, n in process["counts"].items() if n) or "no pages"
    title = f"{process['pid']} {process['name']} {process['state']}: {counts}"
    if process["threads"]:
        title += f"; the same memory as {' '.join(map(str, process['threads']))}"
    console = Console(highlight=False)
    console.print(title, style="bold")
    if process["runs"]:
        table = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
        for run in process["runs"]:
            table.add_row(*cells(run))
        console.print(table)


def describe(source: str, elf: Path, pid: int | None) -> list[dict[str, Any]]:
    """The processes of a machine's memory, or the one with this pid."""
    if not elf.is_file():
        raise LabError(f"{elf}: no such kernel; build it first, or name it with --elf")
    memory = open_memory(source)
    try:
        guest = Guest.of(memory, elf)
        wanted = [process for process in guest.processes if pid is None or process.pid == pid]
        if pid is not None and not wanted:
            raise LabError(f"there is no process {pid}: there are "
                           + " ".join(str(process.pid) for process in guest.processes))
        return [described(guest, process) for process in wanted]
    finally:
        memory.close()
