# SPDX-License-Identifier: MIT
"""What is wrong with a run: the one place that decides whether a machine passed.

No single sign is enough, because a crashed kernel may show it too (D64, D88): status, banner, closing
lines, the absence of complaints and the trace must all agree.
"""

import re

from . import LabError
from .invariants import violations
from .machine import CHECK_FAILED, PANIC, PASSED, PROGRAM_FAILED, Run, status_text

BANNER = re.compile(r"^ucow \d")
CLOSING = ["all user-mode processes have quit.", "init check memory pass."]
COMPLAINT = re.compile(r"^kernel panic at |^kernel check failed:|^(KASAN|UBSAN|stack smashing)\b")


def serial_problems(run: Run, expect: int) -> list[str]:
    """What the serial line says against the run."""
    problems = []
    if (banners := run.lines.count(BANNER)) != 1:
        problems.append(f"expected one boot banner, seen {banners}"
                        + (": the machine restarted" if banners > 1 else ": the kernel did not start"))
    complaints = run.lines.all(COMPLAINT)
    if expect in (PASSED, PROGRAM_FAILED):
        problems += [f"the kernel says: {line.rstrip(':')}" for line in complaints]
        if not complaints and run.lines.lines[-len(CLOSING):] != CLOSING:
            problems.append(f"expected the last lines {CLOSING}, seen {run.lines.lines[-len(CLOSING):]}")
    elif expect in (PANIC, CHECK_FAILED) and not complaints:
        problems.append("expected a line that says what panicked or failed, seen none")
    return problems


def trace_problems(run: Run) -> list[str]:
    """What the trace says against the run."""
    try:
        return violations(run.trace)
    except LabError as error:
        return [f"no trace: {error}"]


def problems(run: Run, expect: int = PASSED, traced: bool = True) -> list[str]:
    """Everything wrong with a run that should have ended with status `expect`; [] means passed.

    `traced` says that a trace was to be recorded. A run that should fail owes none that is whole.
    """
    found = []
    if run.status != expect:
        found.append(f"expected status {status_text(expect)}, seen {status_text(run.status)}")
    if run.complaint:
        found.append(f"QEMU says: {run.complaint}")
    found += serial_problems(run, expect)
    if traced and expect in (PASSED, PROGRAM_FAILED):
        found += trace_problems(run)
    return found
