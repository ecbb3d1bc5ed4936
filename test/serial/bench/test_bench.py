# SPDX-License-Identifier: MIT
"""user/bench/bench.c: every row is measured, and a second run has the same numbers.

A tick of the counter is a nanosecond; an instruction takes 128 of them in the suite's machine. tools/bench compares
the numbers with their limits.
"""

import re

import pytest

ROW = re.compile(r"^bench: (\S+) = (\d+)$")
TIMES = ["getpid", "yield", "switch", "fork", "fork-1M", "fork-4M", "fork-16M", "fork-16M-one", "fork-4M-write",
         "rewrite-16M", "fork-sparse", "free-page", "cow-copy", "cow-reuse", "demand-zero", "bss", "minor", "major", "evict", "exec", "spawn-16M", "arguments-KiB",
         "console-512", "kill-yielding", "kill-newborn", "kill-spinning"]
TOTALS = ["mmap-regions", "process-bytes", "processes"]
ON_DISK = {"major", "evict"}  # rows of a kernel that can swap
ONLY_COW = {"cow-copy", "cow-reuse"}  # with eager copies no write faults, and a store costs almost nothing


def measure(run, *arguments):
    """The rows of one run, in their order."""
    out = run("bench", *arguments, memory="64M", cmdline="trace=off")
    out.lines.once("bench pass.")
    return {found[1]: int(found[2]) for found in map(ROW.match, out.lines) if found}


def test_rows(run, build):
    rows = measure(run, "live", "3")
    assert list(rows) == [name for name in TIMES if build.swap or name not in ON_DISK] + TOTALS
    zero = {name for name, number in rows.items() if number == 0}
    assert zero <= (set() if build.cow else ONLY_COW)


@pytest.mark.parametrize("row", ["switch", "exec"])
def test_repeats(run, row):
    first = measure(run, row)
    assert list(first) == [row]
    assert measure(run, row) == first


def test_live_processes_are_there(run):
    """Too many for the memory is an error that tells how many were possible."""
    out = run("bench", "live", "9000", "getpid", memory="16M", cmdline="trace=off", expect=35)
    out.lines.once(re.compile(r"^    \d+ processes live, not 9000: "))


@pytest.mark.parametrize("arguments", [("live", "x"), ("fork", "exec")])
def test_bad_arguments(run, arguments):
    run("bench", *arguments, cmdline="trace=off", expect=35).lines.once("usage: bench [live N] [WORD]")


def test_unknown_row(run):
    run("bench", "knife", cmdline="trace=off", expect=35).lines.once("    no row begins with knife")
