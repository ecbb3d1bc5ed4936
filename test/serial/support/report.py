# SPDX-License-Identifier: MIT
"""The report of a failed test: serial line, panic, and what tools/ucow/failure.py has to say of the run at fault.

A failed test keeps its machine's memory in BUILD/failed/MODULE/TEST, which the next run of the module removes.
"""

import re
import shutil
from pathlib import Path

from ucow.machine import Run
from ucow.serial import LineDeviation
from ucow.trace import Deviation

PANIC = re.compile(r"^(kernel (panic at|check failed:)|KASAN:|UBSAN:|stack smashing)")
KERNEL_ADDRESS = re.compile(r"\[0x(c0[0-9a-f]{6})\]")

MOST_LINES = 30  # of the serial line: Meson shows the last 100 of a log

_explained: dict[str, str] = {}  # deviation: the first test that failed so


def kept_folder(build: Path, module: Path, test: str = "") -> Path:
    """Where a failed test keeps memory; without a test, where all of a module do."""
    return build / "failed" / module.stem.removeprefix("test_") / re.sub(r"[^\w.-]+", "-", test)


def forget(build: Path, modules: set[Path]) -> None:
    """Remove what earlier runs of these modules have kept."""
    for module in modules:
        shutil.rmtree(kept_folder(build, module), ignore_errors=True)


def panic_text(run: Run) -> str:
    """The output from the panic on, and the source lines of the addresses in it."""
    start = next((i for i, line in enumerate(run.lines) if PANIC.search(line)), None)
    if start is None:
        return ""
    lines = run.lines.lines[start:]
    addresses = dict.fromkeys(int(digits, 16) for digits in KERNEL_ADDRESS.findall("\n".join(lines)))
    return "\n".join(lines + [f"{address:#x} is {run.symbols.where(address)}" for address in addresses])


def run_at_fault(runs: list[Run], error: BaseException | None) -> Run:
    """The run that the error of a test is about, or the last one."""
    for run in runs:
        if (isinstance(error, LineDeviation) and error.lines is run.lines
                or isinstance(error, Deviation) and error.trace is not None and error.trace is vars(run).get("trace")):
            return run
    return runs[-1]


def sections(runs: list[Run], *about) -> list[tuple[str, str]]:
    """The parts of the report, by title; see explained(). Whatever a broken kernel has left, the test's own message is shown."""
    try:
        return explained(runs, *about)
    except Exception as error:  # pylint: disable=broad-exception-caught
        return [("serial line", runs[-1].lines.numbered()), ("no report", f"{type(error).__name__}: {error}"),
                ("repeat it with", runs[-1].repeat())]


def explained(runs: list[Run], error: BaseException | None, rejected: bool, build: Path, module: Path, test: str,
             kept: Path | None = None) -> list[tuple[str, str]]:
    """The parts of the report, by title. `rejected`: the error is that the last run did not pass."""
    from ucow import failure  # only here: it needs elftools, whose import costs as much as a boot
    run = run_at_fault(runs, error)
    finding = failure.find(run, error, rejected)
    where = finding.at.name if finding.at else finding.printed or run.machine
    first = _explained.setdefault(f"{finding.why} {where}", test)
    if first != test:
        return [("the first deviation", f"{finding.why}\nIt is like that of {first}, which is explained above.")]
    kept = kept or kept_folder(build, module, test)
    return [part for part in (("serial line", run.lines.numbered(MOST_LINES)), ("panic", panic_text(run)),
                              *failure.sections(run, finding, build, kept, run.typed)) if part[1]]
