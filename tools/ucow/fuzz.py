# SPDX-License-Identifier: MIT
"""Batches of fuzz input: one machine per batch, its seed, and what was counted in it.

A batch repeats: its seed, its count and the build say all. tools/fuzz runs many; the serial suite a short one.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from .archive import with_archive
from .children import Scratch
from .elfcases import PER_BOOT, Case
from .machine import PASSED, PROGRAM_FAILED, Machine, Run
from .verdict import problems

Key = TypeVar("Key")
MEMORY = "32M"
TIMEOUT = 600  # a backstop: kernels with sanitizers are slow, hosts may be busy

RESULT_LINE = re.compile(r"^(?:sys|linux)fuzz: (\w+): (ok \d+.*)$", re.MULTILINE)
RESULT = re.compile(r"(ok|no return) (\d+)|(-\d+) x (\d+)")
TRAP = re.compile(r"^  trap 0x[0-9a-f]{8} (.+)$", re.MULTILINE)
ENDS = ["died of a trap", "ended otherwise", "was stopped"]
CHILD = re.compile(rf"crashme: child (\d+) ({'|'.join(ENDS)})$", re.MULTILINE)
CRASHME_KILLED, CRASHME_DIES = 'init: program "crashme" ended with exit code -9.', 'pid 2 "crashme" dies:'
CASE = re.compile(r"^elfcases: (\d+) (-?\d+)$", re.MULTILINE)


@dataclass
class Batch(Generic[Key]):
    """The results of one machine, counted by what happened."""
    what: str
    seconds: float = 0.0
    counts: Counter[Key] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    repeat: str = ""


def judged(what: str, run: Run, status: int = PASSED) -> Batch[Any]:
    """The batch of a run that must end with this status, with what is wrong with the machine."""
    wrong = problems(run, status, traced=False)
    if wrong:
        wrong += [line for line in run.lines.lines[-40:] if line.strip()]
    return Batch(what, run.seconds, wrong=wrong, repeat=run.repeat())


def boot(build: Path, timeout: float, *program: str) -> Run:
    return Machine(build / "kernel/ucow.elf", program, ["trace=off"], memory=MEMORY).run(timeout)


def call_results(text: str) -> Counter[tuple[str, str]]:
    """How often each call came to what: by its name, and "ok", an error's number or "no return"."""
    counts: Counter[tuple[str, str]] = Counter()
    for name, results in RESULT_LINE.findall(text):
        for word, n, error, m in RESULT.findall(results):
            counts[name, word or error] += int(n or m)
    return +counts


def syscalls(build: Path, *words: str, timeout: float = TIMEOUT, linux: bool = False) -> Batch[tuple[str, str]]:
    """`sysfuzz exhaustive`, or `sysfuzz random SEED COUNT`; of the calls of Linux with linuxfuzz."""
    run = boot(build, timeout, "linuxfuzz" if linux else "sysfuzz", *words)
    try:
        batch: Batch[tuple[str, str]] = judged(" ".join(words), run)
        batch.counts = call_results(run.lines.text)
        if not batch.counts:
            batch.wrong.append("no call was counted")
        return batch
    finally:
        run.close()


def code_from(build: Path, seed: int, count: int, first: int, timeout: float) -> tuple[Batch[str], int]:
    """`crashme SEED COUNT FIRST`: the traps, and the children by their ends; and the child to go on with."""
    run = boot(build, timeout, "crashme", str(seed), str(count), str(first))
    try:
        text = run.lines.text
        # A child may kill any process, its parent too: no fault of the kernel's, if nothing else ended the parent.
        killed = CRASHME_KILLED in text and CRASHME_DIES not in text
        batch: Batch[str] = judged(f"code {seed} {count}", run, PROGRAM_FAILED if killed else PASSED)
    finally:
        run.close()
    traps, last = Counter(TRAP.findall(text)), first
    for number, end in CHILD.findall(text):  # a child that executes its parent's text may say such a line, too
        if int(number) == last:
            batch.counts[end] += 1
            last += 1
    batch.counts += traps
    if traps.total() < batch.counts["died of a trap"]:
        batch.wrong.append("fewer trap frames than children that died of a trap")
    if killed:
        batch.counts["killed its parent"] = 1
    elif last != count:
        batch.wrong.append(f"the parent ended before its last child: {last} of {count} had ended")
    return batch, last + killed


def code(build: Path, seed: int, count: int, timeout: float = TIMEOUT) -> Batch[str]:
    """All children of a seed, in as many machines as it takes."""
    batch, first = code_from(build, seed, count, 0, timeout)
    while first < count and not batch.wrong:
        rest, first = code_from(build, seed, count, first, timeout)
        batch.counts += rest.counts
        batch.seconds += rest.seconds
        batch.wrong, batch.repeat = rest.wrong, rest.repeat
    return batch


def elf(build: Path, cases: Sequence[Case]) -> Batch[str]:
    """At most PER_BOOT files through exec, in a kernel whose boot archive they are."""
    assert len(cases) <= PER_BOOT
    files = {"elfcases": (build / "user/elfcases").read_bytes()}
    files |= {f"case{i}": case.data for i, case in enumerate(cases)}
    with Scratch() as folder:
        kernel = Path(folder, "ucow.elf")
        kernel.write_bytes(with_archive(build / "kernel/ucow.elf", files))
        run = Machine(kernel, ["elfcases"], ["trace=off"], memory=MEMORY).run(TIMEOUT)
        try:
            batch: Batch[str] = judged("elf", run)
            codes = {int(number): int(value) for number, value in CASE.findall(run.lines.text)}
        finally:
            run.close()
    for i, case in enumerate(cases):
        batch.counts["refused" if case.refused else "executed"] += 1
        if i not in codes or not case.allows(codes[i]):
            batch.wrong.append(f"{case.name}: {'to be refused' if case.refused else 'a program'}, "
                               f"and exec came to {codes.get(i, 'nothing')}")
    return batch
