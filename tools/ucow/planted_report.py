# SPDX-License-Identifier: MIT
"""The report of the checks: every planted mistake, made, and what the kernel printed about it."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from . import LabError
from .build import options_of
from .machine import Machine
from .planted import ROOT, Mistake, mistakes, report_of
from .verdict import problems

DOCUMENT = ROOT / "docs/reports/checks.md"
HEAD = """\
# What the checks find

Each row is a mistake that the kernel makes on request (`selftest=NAME`). The check in the third column finds it, at the
function, file and line of the mistake. `tools/planted` makes them all and writes this table;
`test/serial/checks/test_planted.py` checks the same.

`always` needs no option; `debug_checks`, `kasan`, `ubsan`, `stack_protector`, `races` and `kcfi` are [options](../options.md);
`heap_checks` are those of `debug_checks` that `kasan` replaces, `swap_checks` those of a kernel with
swap. Status 37 is a panic, 39 a failed check.

| mistake | what it is | found by | status | where | what the kernel says |
|---|---|---|--:|---|---|"""
PLACE: re.Pattern[str] = re.compile(r"(\w/[\w.]+):\d+\)")
ADDRESS = re.compile(r"0x(?!0000)[0-9a-f]{4,8}\b|(?<=frame )0x[0-9a-f]+\b")


def has_check(build: Path, check: str) -> bool:
    """Whether the options of a build include a check."""
    on = {name for name, value in options_of(build).items() if value is True}
    return {"always": True, "heap_checks": "debug_checks" in on and "kasan" not in on,
            "swap_checks": {"debug_checks", "swap"} <= on}.get(check, check in on)


def row_begins(mistake: Mistake) -> str:
    """The part of a table line that follows from the sources."""
    return (f"| `{mistake.name}` | {mistake.what} | {mistake.check} | {mistake.status} | "
            f"{' or '.join(str(site) for site in mistake.marks.get('', []))} |")


def make(mistake: Mistake, build: Path) -> str:
    """Boot, make the mistake, and return its line for the table."""
    run = Machine(build / "kernel/ucow.elf", ["hello"], [f"selftest={mistake.name}"],
                  swap="1M" if has_check(build, "swap_checks") else None).run()
    wrong = problems(run, mistake.status, traced=False) + mistake.missing(list(run.lines))
    run.close()
    if wrong:
        raise LabError(f"{mistake.name} in {build}: " + "; ".join(wrong))
    places = " ".join(str(site) for sites in mistake.marks.values() for site in sites)
    report = [line.strip().rstrip(":") for line in report_of(list(run.lines))]
    report = [PLACE.sub(lambda found: str(found[0]) if found[0] in places else f"{found[1]})", line) for line in report]
    said = report[:1] + [line for line in report[1:] if mistake.says in line][:1]
    return f"{row_begins(mistake)} {ADDRESS.sub('0x…', ' · '.join(said))} |"


def write(builds: Sequence[Path]) -> None:
    """Make every mistake in the first build that has its check, and write the document."""
    rows = []
    for mistake in mistakes():
        able = [build for build in builds if has_check(build, mistake.check)]
        if not able:
            raise LabError(f"{mistake.name}: none of the builds has {mistake.check}")
        print(f"{mistake.name}: {able[0]}", file=sys.stderr, flush=True)
        rows.append(make(mistake, able[0]))
    DOCUMENT.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")


def is_current() -> bool:
    """Whether the document has a line for each mistake, in order, that agrees with the sources."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    rows = text.removeprefix(HEAD).strip().split("\n")
    wanted = [row_begins(mistake) for mistake in mistakes()]
    return text.startswith(HEAD) and len(rows) == len(wanted) and all(map(str.startswith, rows, wanted))
