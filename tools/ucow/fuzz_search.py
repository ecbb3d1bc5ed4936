# SPDX-License-Identifier: MIT
"""Searches for kernel faults with random calls, code and files: many batches at once, and a report.

For the ELF loader there is also libFuzzer, on this machine.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from . import children, elfcases, fuzz
from .build import KERNEL, ROOT, built, is_configured
from .counters import counters_file
from .coverage import CountedBuild, coverage, summary
from .fuzz import Batch, Key
from .pools import Threads
from .shard import Part, Save, Search, code_of

CALLS, CRASHES = 10_000, 500  # of a machine
FUZZER_STATUS = re.compile(r"^#\d+\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)
FUZZER_RUNS = re.compile(r"^stat::number_of_executed_units: (\d+)$", re.MULTILINE)

progress = Console(stderr=True)
output = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def sanitized(folder: Path | None, part: Part, *targets: str) -> Path:
    """The build to try, nothing of which a merge needs; without `folder`, build-fuzz with the sanitizers and with
    coverage."""
    ours = folder is None
    folder = (folder or ROOT / "build-fuzz").resolve()
    if part.merge:
        return folder
    with progress.status(f"building {folder}"):
        new = not is_configured(folder)  # a build of the user is tried as it is
        built(folder, ["-Dkasan=true", "-Dubsan=true", "-Dcoverage=true"] if new else [], targets)
    if ours:
        counters_file(folder / KERNEL).unlink(missing_ok=True)  # of earlier searches; those in a build of the user are kept
    return folder


def search_of(part: Part, build: Path, command: str, units: int) -> Search:
    """The search of a command on the kernel of a build."""
    return Search(command, units, "" if part.merge else code_of(build / KERNEL))


def print_coverage(folder: Path | None, build: Path, part: Part) -> None:
    """Print the coverage of these machines, for build-fuzz only: another build has counts of other runs, too."""
    if folder is None and not part.merge and counters_file(build / KERNEL).exists():
        with progress.status("adding up what ran"):
            output.print(summary(coverage([CountedBuild(build)])))


def record_of(batch: Batch[Any]) -> dict[str, Any]:
    """A batch for a file of results."""
    return {**vars(batch), "counts": list(batch.counts.items())}


def batch_of(record: dict[str, Any]) -> Batch[Any]:
    """A batch from record_of(), as it was or as a file has it."""
    counts = Counter({tuple(key) if isinstance(key, list) else key: n for key, n in record["counts"]})
    return Batch(record["what"], record["seconds"], counts, record["wrong"], record["repeat"])


def run_all(search: Search, part: Part, jobs: Sequence[Callable[[], Batch[Key]]], unit: str,
            size: int) -> tuple[Counter[Key], list[Batch[Key]], float]:
    """Run the jobs of the part, as many at once as there are cores, or merge their results. Returns the counts, the
    failed batches, and the seconds that the machines ran."""
    def run(units: list[int], save: Save) -> None:
        bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                       TimeRemainingColumn(), console=progress)
        failed = 0
        with bar, Threads(os.cpu_count()) as pool:
            task = bar.add_task(unit, total=len(units) * size)
            numbers = {pool.submit(jobs[number]): number for number in units}
            for done in as_completed(numbers):
                batch = done.result()
                save(numbers[done], record_of(batch))
                failed += bool(batch.wrong)
                bar.update(task, advance=size, description=f"{unit}, {failed} machines failed" if failed else unit)

    batches = [batch_of(record) for record in search.results(part, run).values()]
    counts: Counter[Key] = sum((batch.counts for batch in batches), Counter())
    return counts, [batch for batch in batches if batch.wrong], sum(batch.seconds for batch in batches)


def finish(failed: Sequence[Batch[Any]], repeats: Callable[[Batch[Any]], str]) -> bool:
    """Print what failed and how to repeat it. Returns whether nothing did."""
    for batch in failed:
        output.print(f"\nFAILED: {batch.what}", *batch.wrong, f"repeat it with: {repeats(batch)}", sep="\n    ")
    return not failed


def with_build(folder: Path | None) -> str:
    """The option of a command that repeats a batch."""
    return f" --build {folder}" if folder else ""


def run_fuzzer(fuzzer: Path, folder: Path, seeds: Path, seed: int, seconds: int) -> Batch[str]:
    """Run libFuzzer once, with its own corpus; an input that fails stays in `folder`."""
    corpus = folder / f"corpus-{seed}"
    corpus.mkdir(parents=True, exist_ok=True)
    words = [str(fuzzer), f"-seed={seed}", f"-max_total_time={seconds}", "-timeout=20", "-print_final_stats=1",
             f"-artifact_prefix={folder}/", str(corpus), str(seeds)]
    done = children.run(words)
    batch: Batch[str] = Batch(f"libFuzzer {seed}", repeat=" ".join(words))
    if status := FUZZER_STATUS.findall(done.stdout):
        batch.counts.update(runs=sum(map(int, FUZZER_RUNS.findall(done.stdout))))
        batch.what += " with {} edges and {} features covered, a corpus of {}".format(*status[-1])
    if done.returncode != 0 or not batch.counts["runs"]:
        batch.wrong = done.stdout.splitlines()[-30:]
    return batch


def write_seeds(folder: Path, build: Path) -> None:
    """Write the inputs that libFuzzer starts from: the structured cases, and the programs of the build."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, case in enumerate(elfcases.cases()):
        (folder / f"case{i}").write_bytes(case.data)
    for program in (build / "user").iterdir():
        if program.is_file() and program.suffix == "" and program.stat().st_size < 16384:
            (folder / program.name).write_bytes(program.read_bytes())


def search_syscalls(count: int, seed: int, folder: Path | None, part: Part, linux: bool = False) -> bool:
    """Each call with each edge of each argument, then `count` random calls. Returns whether nothing was found."""
    build = sanitized(folder, part, KERNEL)
    per_batch = min(count, CALLS)
    batches = -(-count // per_batch)
    command = "linux" if linux else "syscalls"
    jobs = [partial(fuzz.syscalls, build, "exhaustive", linux=linux)]
    jobs += [partial(fuzz.syscalls, build, "random", str(seed + i), str(per_batch), linux=linux) for i in range(batches)]
    search = search_of(part, build, f"tools/fuzz {command} --seed {seed} -n {count}", len(jobs))
    counts, failed, seconds = run_all(search, part, jobs, "calls", per_batch)
    calls: Counter[str] = Counter()
    for (name, _), n in counts.items():
        calls[name] += n
    for name in sorted(calls):
        output.print(f"{name:<10}{calls[name]:>9}: " + ", ".join(
            f"{result} {n}" for (call, result), n in sorted(counts.items(), key=lambda item: -item[1]) if call == name))
    output.print(f"seeds {seed} to {seed + batches - 1}, {per_batch} calls each, and the exhaustive pass: "
                 f"{calls.total()} calls in {seconds:.0f} s, {len(calls)} different ones, {len(counts)} ways to end, "
                 f"{len(failed)} machines failed")
    print_coverage(folder, build, part)
    return finish(failed, lambda batch: batch.repeat if not batch.what.startswith("random") else
                  f"tools/fuzz {command} --seed {batch.what.split()[1]} -n {per_batch}{with_build(folder)}")


def search_code(count: int, seed: int, folder: Path | None, part: Part) -> bool:
    """`count` children that execute random bytes, or changed programs. Returns whether nothing was found."""
    build = sanitized(folder, part, KERNEL)
    per_batch = min(count, CRASHES)
    batches = -(-count // per_batch)
    jobs = [partial(fuzz.code, build, seed + i, per_batch) for i in range(batches)]
    search = search_of(part, build, f"tools/fuzz code --seed {seed} -n {count}", batches)
    counts, failed, seconds = run_all(search, part, jobs, "children", per_batch)
    for what, n in counts.most_common():
        output.print(f"{n:>9} {what}")
    children_n = sum(counts[end] for end in fuzz.ENDS)
    output.print(f"seeds {seed} to {seed + batches - 1}, {per_batch} children each: {children_n} children in "
                 f"{seconds:.0f} s, {len(failed)} machines failed")
    print_coverage(folder, build, part)
    return finish(failed, lambda batch:
                  f"tools/fuzz code --seed {batch.what.split()[1]} -n {per_batch}{with_build(folder)}")


def search_elf(count: int | None, seconds: int, seed: int, folder: Path | None, part: Part) -> bool:
    """`count` files through exec (None: all without chance), then libFuzzer, if this machine does the whole search.
    Returns whether nothing was found."""
    build = sanitized(folder, part, KERNEL)
    cases = elfcases.cases(count, seed)
    parts = [cases[i:i + elfcases.PER_BOOT] for i in range(0, len(cases), elfcases.PER_BOOT)]
    search = search_of(part, build, f"tools/fuzz elf --seed {seed} -n {len(cases)}", len(parts))
    counts, failed, took = run_all(search, part, [partial(fuzz.elf, build, some) for some in parts], "files",
                                   elfcases.PER_BOOT)
    output.print(f"seed {seed}: {counts.total()} files through exec in {took:.0f} s, {counts['executed']} executed, "
                 f"{counts['refused']} refused, {len(failed)} machines failed")
    if seconds and part == Part():
        work = build / "test/fuzz/elf"
        fuzzer = sanitized(folder, part, "test/fuzz/elf_fuzzer") / "test/fuzz/elf_fuzzer"
        write_seeds(work / "seeds", build)
        fuzz_loader = partial(run_fuzzer, fuzzer, work, work / "seeds", seconds=seconds)
        cores = os.cpu_count() or 1
        with progress.status(f"libFuzzer, {seconds} s"), Threads(cores) as pool:
            batches = list(pool.map(lambda number: fuzz_loader(seed=number), range(seed, seed + cores)))
        for batch in batches:
            output.print(f"{batch.what}: {batch.counts['runs']} files in {seconds} s")
        failed += [batch for batch in batches if batch.wrong]
    return finish(failed, lambda batch: batch.repeat if batch.what.startswith("libFuzzer") else
                  f"tools/fuzz elf -n {len(cases)} --seconds 0 --seed {seed}{with_build(folder)}")
