# SPDX-License-Identifier: MIT
"""user/linux/linuxfuzz.c: no argument of any call of Linux does harm; tools/fuzz linux tries a million. (D01, D14)"""

import re
from pathlib import Path

from ucow.fuzz import syscalls

SEED, CALLS = 1, 3000
LIST = Path(__file__).resolve().parents[3] / "include/ucow/linux.def"
DECLARED = set(re.findall(r"^LINUX\d\(\d+, (\w+),", LIST.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_edge_of_every_argument(build):
    """All of them are made, and futexes on every address."""
    build.need_linux()
    batch = syscalls(build.folder, "exhaustive", timeout=build.wall_seconds, linux=True)
    assert batch.wrong == [], batch.repeat
    assert {name for name, _ in batch.counts} == DECLARED
    assert {result for name, result in batch.counts if name == "futex"} >= {"ok", "-11", "-14", "-22", "-38"}


def test_random_programs(build):
    """Threads, futexes, new rights and deaths in any order."""
    build.need_linux()
    batch = syscalls(build.folder, "random", str(SEED), str(CALLS), timeout=build.wall_seconds, linux=True)
    assert batch.wrong == [], batch.repeat
    assert sum(batch.counts.values()) >= CALLS
    assert batch.counts["mprotect", "ok"] and batch.counts["clone", "ok"]


def test_points(run, build):
    """user/linux/linuxpoints.c passes when nothing fails; tools/inject makes each of its allocations and copies fail."""
    build.need_linux()
    run("linuxpoints").lines.once("linuxpoints pass.")
