# SPDX-License-Identifier: MIT
"""user/fuzz/sysfuzz.c: no argument of any system call does harm; tools/fuzz syscalls tries a million.

D01, D14: an invalid call returns an error, and other processes are not affected.
"""

import re
from pathlib import Path

import pytest
from ucow.fuzz import call_results, syscalls

SEED, CALLS = 1, 2000
SELDOM = {"pgdir"}  # rarely made, because it prints so much
LIST = Path(__file__).resolve().parents[3] / "include/ucow/syscalls.def"
DECLARED = re.compile(r"^SYSCALL\d\(\d+, (\w+), (.*)", re.MULTILINE)


@pytest.fixture(scope="session")
def declared() -> dict[str, str]:
    """All system calls, and their arguments."""
    return dict(DECLARED.findall(LIST.read_text(encoding="utf-8")))


def totals(counts) -> dict[str, int]:
    """How often each call was made."""
    calls = {name for name, _ in counts}
    return {name: sum(n for (call, _), n in counts.items() if call == name) for name in calls}


def test_every_edge_of_every_argument(build, declared):
    batch = syscalls(build.folder, "exhaustive", timeout=build.wall_seconds)
    assert batch.wrong == [], batch.repeat
    made = totals(batch.counts)
    assert set(made) == set(declared)
    too_few = {name: made[name] for name, arguments in declared.items()
               if made[name] < 16 * len(re.findall(r"\b(?:PTR|STR|ADDR),", arguments))}
    assert too_few == {}
    assert batch.counts["wait", "-3"] > 0, "the child was reaped although its code could not be told"


def test_random_programs(build, declared):
    batch = syscalls(build.folder, "random", str(SEED), str(CALLS), timeout=build.wall_seconds)
    assert batch.wrong == [], batch.repeat
    assert set(declared) - SELDOM <= set(totals(batch.counts)) <= set(declared)
    assert sum(batch.counts.values()) >= CALLS


def test_counts_are_read():
    text = "sysfuzz: wait: ok 25, -2 x 58, no return 3\nsysfuzz: fork: ok 0, -4 x 1\nsysfuzz: 87 calls\n"
    assert call_results(text) == {("wait", "ok"): 25, ("wait", "-2"): 58, ("wait", "no return"): 3, ("fork", "-4"): 1}
