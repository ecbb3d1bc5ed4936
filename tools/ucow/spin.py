# SPDX-License-Identifier: MIT
"""The model of the protocol (test/model/protocol.pml), built by spin and gcc, and what a search finds."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from . import LabError, children
from .enums import may_become
from .protocol import CHANGES

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "test/model/protocol.pml"
BUG = re.compile(r"^#define (BUG|HARMLESS)_(\w+) (\d+) +/\* (.*) \*/$", re.MULTILINE)

# Who looks: MODEL_WATCH, as in protocol.pml.
PROPERTIES, AUTOMATON, ENDS, ALL = 1, 2, 0, 3
LIVENESS = ("killed_process_dies", "zombie_of_init_is_reaped", "sleeper_wakes", "waiter_finds_zombie", "lock_is_acquired")

# By which property each mistake must be found.
FOUND_BY = {
    "checks_killed_first": "killed_process_runs_no_instruction",
    "wakes_before_zombie": "no_wake_up_is_lost",
    "parent_not_woken": "no_wake_up_is_lost",
    "init_not_woken": "no_wake_up_is_lost",
    "drops_zombies": "all_were_reaped",
    "reaps_any_zombie": "reaped_once_by_its_parent",
    "checks_once": "reaped_once_by_its_parent",
    "sleeps_though_killed": "killed_process_is_woken",
    "kill_does_not_wake": "killed_process_is_woken",
    "wakes_a_zombie": "state_table",
    "arms_before_the_lock": "no_wake_up_is_lost",
    "leaves_the_timer": "zombie_has_no_timer",
    "unlock_does_not_wake": "no_wake_up_is_lost",
    "unlock_only_wakes": "no_waiter_is_overtaken",
    "starts_before_publishing": "reaped_once_by_its_parent",
}


@dataclass(frozen=True)
class Mistake:
    """One that protocol.pml can make: a BUG, or a HARMLESS one."""
    harmless: bool
    name: str
    number: int
    text: str


@dataclass(frozen=True)
class Search:
    """What pan said."""
    output: str
    seconds: float

    def number(self, pattern: str) -> float:
        found = re.search(pattern, self.output)
        if found is None:
            raise LabError(f"pan did not finish: it says {self.output[-300:]!r}")
        return float(found[1])

    @property
    def errors(self) -> int:
        return int(self.number(r"errors: (\d+)"))

    @property
    def states(self) -> int:
        return int(self.number(r"([\d.e+]+) states, stored"))

    @property
    def mebibytes(self) -> float:
        return self.number(r"([\d.]+)\ttotal actual memory usage")

    @property
    def arrows(self) -> set[tuple[str, ...]]:
        """The arrows of life.def that were taken."""
        return {tuple(words.split()) for words in re.findall(r"^arrow: (.*)$", self.output, re.MULTILINE)}

    @property
    def found(self) -> str:
        """What was violated first, or nothing."""
        if not self.errors:
            return ""
        if "invalid end state (" in self.output:
            return "sleeps forever"
        if "acceptance cycle (" in self.output:
            return "forever"
        before, _, after = self.output.partition("pan:1: assertion violated")
        if "whom==1" in after.partition("\n")[0]:
            return "left half-way at a switch"
        kind = "no arrow" if "watch&2" in after.partition("\n")[0] else "property"
        return str(re.findall(rf"^{kind}: (.*)$", before, re.MULTILINE)[-1])


class SpinModel:
    """protocol.pml compiled with some parameters, in a directory of its own."""

    def __init__(self, folder: Path, *gcc: str, **parameters: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        defines = [f"-D{name}={value}" for name, value in parameters.items()]
        self._run(["spin", "-a", *defines, str(SOURCE)])
        flags = [] if "LIVENESS" in parameters else ["-DSAFETY"]
        self._run(["gcc", "-w", "-DCOLLAPSE", "-DNOREDUCE", "-DNFAIR=3", *flags, *gcc,
                   "-I", str(SOURCE.parent), "-o", "pan", "pan.c"])

    def _run(self, command: list[str]) -> None:
        environment = {**os.environ, "TMPDIR": str(self.folder.absolute())}  # gcc leaves its files if it is killed
        done = children.run(command, cwd=self.folder, env=environment)
        if done.returncode or "Error" in done.stdout:
            raise LabError(f"{command[0]} failed: {done.stdout[:500]}")

    def search(self, *options: str, watch: int = ALL, bug: int = 0, subject: int = 0) -> Search:
        """Look at every state."""
        environment = os.environ | {"MODEL_BUG": str(bug), "MODEL_WATCH": str(watch), "MODEL_SUBJECT": str(subject)}
        start = time.monotonic()
        done = children.run([(self.folder / "pan").absolute(), "-m200000", *options], cwd=self.folder, env=environment)
        search = Search(done.stdout, time.monotonic() - start)
        if "max search depth too small" in search.output or "out of memory" in search.output:
            raise LabError("the search was not exhaustive: it ran out of depth or memory")
        return search


def mistakes() -> list[Mistake]:
    return [Mistake(kind == "HARMLESS", name, int(number), text)
            for kind, name, number, text in BUG.findall(SOURCE.read_text(encoding="utf-8"))]


def tables_differ() -> str:
    """Whether enums.def, the model and the names of protocol.py disagree about the arrows between states: the
    sentence, or nothing."""
    kernel_rows = may_become()
    model_rows = {old: set(re.findall(r"new == (\w+)", row))
                  for old, row in re.findall(r"\(old == (\w+) && \((.*?)\)\)", SOURCE.read_text(encoding="utf-8"))}
    model_rows["GONE"] = set()
    if kernel_rows != model_rows:
        return f"enums.def has {kernel_rows}, protocol.pml has {model_rows}"
    unnamed = {(old, new) for old, states in kernel_rows.items() for new in states} ^ set(CHANGES)
    return f"enums.def and CHANGES of protocol.py differ in {sorted(unnamed)}" if unnamed else ""
