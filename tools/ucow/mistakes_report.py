# SPDX-License-Identifier: MIT
"""Tries the mistakes of test/mistakes.toml, and writes docs/mistakes.md."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from . import LabError
from .build import ROOT
from .mistakes import Mistake, first_run, mistakes, report_of

DOCUMENT = ROOT / "docs/mistakes.md"
HEAD = """# Mistakes, and what the first run says of them

Each row is a mistake that people make when they write fork, exec, wait, exit, kill, a scheduler or a page fault. It was
planted in the kernel, and `tools/run exit` was run: that is the line that was printed, and the place that the report
named. The run ends with status 3 of `tools/run`. In a kernel without `debug_checks` most of these runs pass.

The program `exit` does little; after it, `tools/run` runs the program `rehearsal`, which does what many programs do not.
Some rules are checked for the first operations of a run only, and then for one in 61.

Written by `tools/mistakes`, from `test/mistakes.toml`. `tools/mistakes NAME` tries one.

| name | mistake | what the run says | place |
|---|---|---|---|
"""
ROW = re.compile(r"^\| `([\w-]+)` \| (.*) \| (.*) \| `.*` \|$", re.MULTILINE)


def row(mistake: Mistake, report: list[str]) -> str:
    """The row of a mistake that was named."""
    line = report[0].removeprefix("kernel check failed: ").rstrip(":").replace("|", "\\|")
    place = next(found[0] for text in report if (found := re.search(rf"{mistake.place} \(kernel/[^)]*\)", text)))
    return f"| `{mistake.name}` | {mistake.what} | {line} | `{re.sub(r':[0-9]+', '', place)}` |\n"


def current() -> bool:
    """Whether the document has a row for each mistake of the list, in order, with what its run must say."""
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8")) if DOCUMENT.is_file() else []
    listed = mistakes()
    for mistake in listed:
        mistake.planted()  # its quotation stands in the source
    return [(name, what) for name, what, _ in rows] == [(mistake.name, mistake.what) for mistake in listed] and all(
        mistake.says in says for mistake, (_, _, says) in zip(listed, rows))


def try_all(names: Sequence[str], build: Path) -> bool:
    """Try the mistakes with these names, or all and write the document. Returns whether each was named."""
    if unknown := set(names) - {mistake.name for mistake in mistakes()}:
        raise LabError(f"no mistake is called {min(unknown)}: there are "
                       f"{' '.join(mistake.name for mistake in mistakes())}")
    console = Console()
    rows: list[str] = []
    passed = True
    for mistake in mistakes():
        if names and mistake.name not in names:
            continue
        run = first_run(mistake, build)
        report, missing = report_of(run), mistake.missing(run)
        run.close()
        console.print(f"[bold]{mistake.name}[/]: {mistake.what}", highlight=False)
        console.print("\n".join(report[:2]) if report else "  the run says nothing", highlight=False, markup=False)
        if missing:
            passed = False
            console.print("  " + "; ".join(missing), style="red", highlight=False, markup=False)
        else:
            rows.append(row(mistake, report))
    if passed and not names:
        DOCUMENT.write_text(HEAD + "".join(rows), encoding="utf-8")
    return passed
