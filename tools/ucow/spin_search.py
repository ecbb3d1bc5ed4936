# SPDX-License-Identifier: MIT
"""Which searches SPIN makes of the model of the protocol, and what each must find."""

from pathlib import Path

from rich.console import Console

from .children import Scratch
from .pools import Threads
from .protocol import automaton
from .spin import (ALL, AUTOMATON, ENDS, FOUND_BY, LIVENESS, PROPERTIES, Mistake, Search, SpinModel, mistakes,
                   tables_differ)

SMALL = {"PARENTS": 2, "CHILDREN": 1, "FINE": 1}
LIVE = {"PARENTS": 2, "CHILDREN": 1, "FINE": 0, "RUN_QUEUE": 1, "MENU_SPIN": 1, "LIVENESS": 1}
# Searches without a mistake, all with init.
INSTANCES = {
    "2 parents, 1 child, every interrupt point": SMALL,
    "2 parents, 2 children": {"PARENTS": 2, "CHILDREN": 2, "FINE": 0},
    "2 parents, 3 children": {"PARENTS": 2, "CHILDREN": 3, "FINE": 0},
}
SUBJECTS = (3, 4)  # the second parent and the child
failures: list[str] = []
progress = Console(stderr=True)


def expect(condition: bool, sentence: str) -> None:
    """Record a failure unless the condition holds."""
    if not condition:
        failures.append(sentence)


def statistics(name: str, search: Search) -> None:
    """Print the size of a search that must find nothing."""
    print(f"{name:<50} {search.states:>11,} states {search.seconds:8.1f} s {search.mebibytes:7,.0f} MiB", flush=True)
    expect(not search.errors, f"{name}: {search.found}")


def small(folder: Path) -> None:
    """Without a mistake nothing is found; each mistake is found by its property, a harmless one by none."""
    model = SpinModel(folder, "-O0", **SMALL)
    expect(not tables_differ(), tables_differ())
    expect({m.name for m in mistakes() if not m.harmless} == FOUND_BY.keys(), "FOUND_BY does not name the mistakes of the model")

    def seed(mistake: Mistake) -> tuple[Mistake, Search]:
        return mistake, model.search("-E", "-w18", watch=PROPERTIES, bug=mistake.number)

    with Threads(2) as pool:
        sound = pool.submit(model.search, "-w18")
        for mistake, search in pool.map(seed, mistakes()):
            wanted = FOUND_BY.get(mistake.name, "")
            print(f"{mistake.name:<26} {search.found or 'nothing'}")
            expect(search.found == wanted, f"{mistake.name}: found {search.found or 'nothing'}, not {wanted or 'nothing'}")
        statistics("no mistake", sound.result())


def cycles(live: SpinModel, bug: int) -> list[str]:
    """The properties of LIVENESS that do not hold for a process that may be a child of any other."""
    def broken(name: str) -> bool:
        return any(live.search("-a", "-f", "-w18", "-N", name, watch=ENDS, bug=bug, subject=pid).errors
                   for pid in SUBJECTS)

    with Threads(2) as pool:
        return [name for name, is_broken in zip(LIVENESS, pool.map(broken, LIVENESS)) if is_broken]


def seeds(model: SpinModel, live: SpinModel) -> None:
    """The table of docs/protocol.md."""
    print("\n| mistake | where | property | automaton | end state | temporal properties |\n|---|---|---|---|---|---|")
    for mistake in mistakes():
        found = [model.search(*options, "-w18", watch=watch, bug=mistake.number).found for options, watch in
                 ((("-E",), PROPERTIES), (("-E",), AUTOMATON), ((), ENDS))]
        found.append(", ".join(cycles(live, mistake.number)))
        print(f"| {mistake.name} | {mistake.text} | {' | '.join(what or '-' for what in found)} |", flush=True)
        expect(found[0] == FOUND_BY.get(mistake.name, ""), f"{mistake.name}: found {found[0] or 'nothing'}")


def everything(folder: Path) -> None:
    """All instances, and the table of seeded mistakes."""
    taken: set[tuple[str, ...]] = set()
    for i, (name, parameters) in enumerate(INSTANCES.items()):
        with progress.status(f"searching {name}"):
            search = SpinModel(folder / str(i), "-O2", **parameters).search("-w27", watch=ALL)
        statistics(name, search)
        taken |= search.arrows
    never = {(start, event, end) for (start, event), end in automaton()[0].items() if (start, event, end) not in taken}
    print(f"arrows of life.def: {len(automaton()[0])}, all taken" if not never else f"never taken: {sorted(never)}")
    expect(not never, f"arrows that the model never takes: {sorted(never)}")
    live = SpinModel(folder / "live", "-O2", **LIVE)
    for name in LIVENESS:
        for pid in SUBJECTS:
            statistics(f"{name}, pid {pid}", live.search("-a", "-f", "-w20", "-N", name, subject=pid))
    seeds(SpinModel(folder / "seeds", "-O2", **SMALL), live)


def search_model(only_small: bool, only_table: bool) -> list[str]:
    """Run the searches. Returns what failed."""
    with Scratch() as name:
        folder = Path(name)
        if only_small:
            small(folder)
        elif only_table:
            seeds(SpinModel(folder / "seeds", "-O2", **SMALL), SpinModel(folder / "live", "-O2", **LIVE))
        else:
            everything(folder)
    return failures
