"""Batches of what nobody would do: one machine a batch, its seed, and what was counted in it.

A batch repeats: its seed, its count and the build say all. tools/fuzz runs many; the serial suite a short one.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .elfcases import PER_BOOT, Case, with_archive
from .machine import PASSED, Machine, Run
from .verdict import problems

MEMORY = "32M"
TIMEOUT = 600  # a backstop: kernels with sanitizers are slow, hosts may be busy

RESULT_LINE = re.compile(r"^sysfuzz: (\w+): (ok \d+.*)$", re.MULTILINE)
RESULT = re.compile(r"(ok|no return) (\d+)|(-\d+) x (\d+)")
TRAP = re.compile(r"^  trap 0x[0-9a-f]{8} (.+)$", re.MULTILINE)
ENDS = re.compile(r"^crashme: seed \d+: (\d+) children, (\d+) died of a trap, (\d+) ended otherwise, (\d+) were stopped$",
                  re.MULTILINE)
CASE = re.compile(r"^elfcases: (\d+) (-?\d+)$", re.MULTILINE)


@dataclass
class Batch:
    """What came of one machine."""
    what: str
    seconds: float = 0.0
    counts: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    repeat: str = ""


def judged(what: str, run: Run) -> Batch:
    """The batch of a run, with what is wrong with the machine."""
    wrong = problems(run, PASSED, traced=False)
    if wrong:
        wrong += [line for line in run.lines.lines[-40:] if line.strip()]
    return Batch(what, run.seconds, wrong=wrong, repeat=run.repeat())


def boot(build: Path, timeout: float, *program: str) -> Run:
    return Machine(build / "kernel/ucow.elf", program, ["trace=off"], memory=MEMORY).run(timeout)


def call_results(text: str) -> Counter:
    """How often each call came to what: by its name, and "ok", an error's number or "no return"."""
    counts = Counter()
    for name, results in RESULT_LINE.findall(text):
        for word, n, error, m in RESULT.findall(results):
            counts[name, word or error] += int(n or m)
    return +counts


def syscalls(build: Path, *words: str, timeout: float = TIMEOUT) -> Batch:
    """`sysfuzz exhaustive`, or `sysfuzz random SEED COUNT`."""
    run = boot(build, timeout, "sysfuzz", *words)
    try:
        batch = judged(" ".join(words), run)
        batch.counts = call_results(run.lines.text)
        return batch
    finally:
        run.close()


def code(build: Path, seed: int, count: int, timeout: float = TIMEOUT) -> Batch:
    """`crashme SEED COUNT`: the traps, and the children by their ends."""
    run = boot(build, timeout, "crashme", str(seed), str(count))
    try:
        batch = judged(f"code {seed} {count}", run)
        batch.counts.update(TRAP.findall(run.lines.text))
        for _, trapped, ended, stopped in ENDS.findall(run.lines.text):
            batch.counts.update({"died of a trap": int(trapped), "ended otherwise": int(ended), "stopped": int(stopped)})
            if sum(batch.counts[trap] for trap in set(TRAP.findall(run.lines.text))) < int(trapped):
                batch.wrong.append("fewer trap frames than children that died of a trap")
        return batch
    finally:
        run.close()


def elf(build: Path, cases: Sequence[Case]) -> Batch:
    """At most PER_BOOT files through exec, in a kernel whose boot archive they are."""
    assert len(cases) <= PER_BOOT
    files = {"elfcases": (build / "user/elfcases").read_bytes()}
    files |= {f"case{i}": case.data for i, case in enumerate(cases)}
    with tempfile.TemporaryDirectory(prefix="elfcases-") as folder:
        kernel = Path(folder, "ucow.elf")
        kernel.write_bytes(with_archive(build / "kernel/ucow.elf", files))
        run = Machine(kernel, ["elfcases"], ["trace=off"], memory=MEMORY).run(TIMEOUT)
        try:
            batch = judged("elf", run)
            codes = {int(number): int(value) for number, value in CASE.findall(run.lines.text)}
        finally:
            run.close()
    for i, case in enumerate(cases):
        batch.counts["refused" if case.refused else "executed"] += 1
        if i not in codes or not case.allows(codes[i]):
            batch.wrong.append(f"{case.name}: {'to be refused' if case.refused else 'a program'}, "
                               f"and exec came to {codes.get(i, 'nothing')}")
    return batch
