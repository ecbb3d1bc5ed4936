# SPDX-License-Identifier: MIT
"""A run of many mutants: judged in several trees at once, with results that survive an interruption."""

import itertools
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import LabError
from .mutants import LISTED, Mutant, by_weight, choose, in_turns, read_list
from .mutation import CONFIGURATIONS, MutantTree, Result
from .mutation_reach import Knowledge
from .mutation_report import DOCUMENT, FRESH_DOCUMENT, JUDGED, add_build, document, fresh_document, print_tables
from .pools import Threads
from .shard import Part


class Results:
    """The results by key, the last of each key; written to a file as they come."""

    def __init__(self, path: Path, resume: bool) -> None:
        self.path, self.lock = path, threading.Lock()
        self.results: dict[str, Result] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if resume and path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            self.results = {result["key"]: result for result in map(json.loads, lines)}
        else:
            path.write_text("", encoding="utf-8")

    def add(self, result: Result) -> None:
        """Keep a result, and append it to the file."""
        with self.lock, self.path.open("a", encoding="utf-8") as file:
            self.results[result["key"]] = result
            print(json.dumps(result), file=file)

    def forget(self, mutants: list[Mutant]) -> None:
        """Drop the results of these mutants."""
        for mutant in mutants:
            self.results.pop(mutant.key, None)

    def is_judged(self, mutant: Mutant) -> bool:
        """Whether there is a verdict on the mutant."""
        result = self.results.get(mutant.key)
        return result is not None and result["outcome"] in JUDGED


def in_order(results: Iterable[Result]) -> list[Result]:
    """The results as the report has them."""
    return sorted(results, key=lambda result: (result["file"], result["line"], result["operator"]))


class MutationRun:
    """Hands the mutants to the trees, one thread each, until enough generated ones are judged."""

    def __init__(self, trees: list[MutantTree], results: Results, progress: Progress) -> None:
        self.trees, self.results, self.progress = trees, results, progress
        self.lock = threading.Lock()
        self.judged: list[Result] = []
        self.listed: Iterator[Mutant] = iter(())
        self.generated: Iterator[Mutant] = iter(())
        self.count = self.reserved = 0
        self.stopped = False

    def go(self, listed: list[Mutant], generated: Iterator[Mutant], count: int) -> list[Result]:
        """Judge all listed mutants, and `count` generated ones that build a different kernel; the results."""
        done = [mutant for mutant in listed if self.results.is_judged(mutant)]
        self.judged += [self.results.results[mutant.key] for mutant in done]
        self.listed = iter([mutant for mutant in listed if mutant not in done])
        self.generated, self.count = generated, count
        self.task = self.progress.add_task("", total=len(listed) + count, completed=len(done))
        with Threads(len(self.trees)) as pool:
            try:
                list(pool.map(self.work, self.trees))
            finally:
                self.stopped = True  # after an error or Ctrl-C each tree finishes its mutant
        return in_order(self.judged)

    def next(self) -> Mutant | None:
        """The next mutant to judge; None if there are enough."""
        with self.lock:
            if mutant := next(self.listed, None):
                return mutant
            while self.reserved < self.count and (mutant := next(self.generated, None)):
                known = self.results.results.get(mutant.key)
                if known and known["outcome"] not in JUDGED:
                    continue
                self.reserved += 1
                if known is None:
                    return mutant
                self.judged.append(known)
                self.progress.advance(self.task)
        return None

    def say(self, label: str, what: str) -> None:
        """Show what happens to a mutant."""
        self.progress.update(self.task, description=f"{label}: {what}")

    def work(self, tree: MutantTree) -> None:
        """Judge mutants in one tree until there are enough."""
        while not self.stopped and (mutant := self.next()):
            result = tree.judge(mutant, partial(self.say, mutant.label))
            self.results.add(result)
            by = f" by {result['test']}" if result["test"] else ""
            self.progress.console.print(f"{result['label']}: {result['outcome']}{by} ({result['seconds']:.0f} s)",
                                        style="bold red" if result["outcome"] == "survived" else None,
                                        highlight=False, soft_wrap=True)
            with self.lock:
                if result["outcome"] in JUDGED:
                    self.judged.append(result)
                    self.progress.advance(self.task)
                elif mutant.operator != LISTED:
                    self.reserved -= 1


def named(names: tuple[str, ...], mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants with these labels."""
    found = [mutant for mutant in mutants if mutant.label in names]
    if unknown := set(names) - {mutant.label for mutant in found}:
        raise LabError(f"no mutant is called {', '.join(sorted(unknown))}: see tools/mutate --list")
    return found


def shard_of(part: Part, mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that are the part's."""
    return [mutant for at, mutant in enumerate(mutants) if part.owns(at)]


def merged(paths: Sequence[Path], mutants: Iterable[Mutant]) -> list[Result]:
    """The results of all these mutants that there is a verdict on, from the files of all shards."""
    found: dict[str, Result] = {}
    for path in paths:
        for key, result in Results(path, resume=True).results.items():
            if found.setdefault(key, result) != result:
                raise LabError(f"{path} and another file both have {result['label']}: merge each shard once")
    results = []
    for mutant in mutants:
        if mutant.key not in found:
            raise LabError(f"{mutant.label} is in none of the files: give the files of all shards of the same sources, seed "
                           "and count, and let those end that still run")
        results.append(found[mutant.key])
    return in_order(result for result in results if result["outcome"] in JUDGED)


@dataclass(frozen=True)
class Wanted:
    """Which mutants: so many generated ones; if `fresh`, of the files of one build, and none of the list."""
    count: int
    seed: int
    fresh: bool
    modules: int | None = None  # how many of the serial tests look at a mutant; None: all that can notice it
    options: tuple[str, ...] = ()  # of the one build, each NAME=VALUE
    reach: Path | None = None  # what the tests execute, learnt of another kernel

    @property
    def build(self) -> str:
        """The options in words."""
        return " ".join(f"-D {option}" for option in self.options)

    @property
    def words(self) -> str:
        limit = f" --modules {self.modules}" if self.modules else ""
        return f"--{'fresh' if self.fresh else 'count'} {self.count} --seed {self.seed}{limit}{' ' * bool(self.options)}{self.build}"

    @property
    def configurations(self) -> dict[str, list[str]]:
        """The builds, with the words for Meson."""
        if self.fresh:
            return {"-".join(["with", *self.options]) if self.options else "default": [f"-D{option}" for option in self.options]}
        return CONFIGURATIONS


def mutate(wanted: Wanted, jobs: int, names: tuple[str, ...], resume: bool, list_only: bool, folder: Path, part: Part) -> None:
    """Judge mutants and report: those that are wanted, those with the names, or the part's."""
    listed, equivalent = read_list()
    console, count = Console(stderr=True), wanted.count
    with console.status("copying and configuring"):
        knowledge = {name: Knowledge(folder / f"lines-{name}.json", wanted.reach) for name in wanted.configurations}
        trees = [MutantTree(folder / f"copy-{i}", wanted.configurations, knowledge, wanted.modules, jobs == 1) for i in range(1, jobs + 1)]
    same = {mutant.key for mutant in equivalent}
    order = by_weight if wanted.fresh else in_turns
    generated: Iterator[Mutant] = (mutant for mutant in choose(trees[0].files(), wanted.seed, order) if mutant.key not in same)
    if wanted.fresh:
        listed = []
    if part != Part():  # a shard cannot know how many of the others build no different kernel
        first = list(itertools.islice(generated, count))
        if part.merge:
            report(merged(part.merge, [*listed, *first]), equivalent, wanted, " --merge ...")
            return
        listed, generated = shard_of(part, listed), iter(shard_of(part, first))
    if list_only:
        for mutant in itertools.chain(listed, itertools.islice(generated, count)):
            print(f"{mutant.label}: {mutant.file}:{mutant.line}", *mutant.diff, sep="\n    ")
        return
    results = Results(part.results or folder / "results.jsonl", resume or bool(names) or part.results is not None)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console) as progress:
        run = MutationRun(trees, results, progress)
        if names:
            chosen = named(names, itertools.chain(listed, generated))
            results.forget(chosen)
            judged = run.go(chosen, iter(()), 0)
        else:
            judged = run.go(listed, generated, count)
    if names or part.of > 1:
        print_tables(Console(), judged)
    else:
        report(judged, equivalent, wanted)


def report(judged: list[Result], equivalent: list[Mutant], wanted: Wanted, more: str = "") -> None:
    """Print the tables, and write the document."""
    print_tables(Console(), judged)
    command = f"tools/mutate {wanted.words}{more}"
    if wanted.fresh:
        old = FRESH_DOCUMENT.read_text(encoding="utf-8")
        new = add_build(old, wanted.build, command, judged) if wanted.options else fresh_document(judged, command, wanted.modules, old)
        FRESH_DOCUMENT.write_text(new, encoding="utf-8")
    else:
        DOCUMENT.write_text(document(judged, equivalent, command), encoding="utf-8")
