# SPDX-License-Identifier: MIT
"""Reports of a mutation run: tables, the changes that survived, and docs/reports/mutants.md."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Literal

from rich.console import Console
from rich.table import Table

from .mutants import LISTED, ROOT, Mutant
from .mutation import EQUAL, LIVED, Result
from .mutation_operators import OPERATORS
from .mutation_weights import OTHER, counted, weights

DOCUMENT = ROOT / "docs/reports/mutants.md"
FRESH_DOCUMENT = ROOT / "docs/reports/fresh_mutants.md"
CAUGHT = ("caught", "timeout")
JUDGED = (*CAUGHT, *LIVED)
FIELDS: tuple[Literal["operator", "file"], ...] = ("operator", "file")
HEAD = """\
# How strong the tests are

`tools/mutate` breaks the kernel in one place at a time and runs the tests until one fails: first the unit
tests that compile the changed file, then the serial tests. The mutants are those of `test/mutants.toml`, which break
promises of [defects](../defects.md), and others made by the usual operators of mutation testing, in a seeded choice
that takes the files in turn. A mutant that does not build, or gives the same kernel byte for byte, is replaced by another.
A test that catches a mutant must fail again when it is run alone, and pass without the mutant.

The kernel is built with default options, so assertions, structure checkers and the ledger count as
tests, and are not mutated themselves. Files that this kernel does not have are those of
other policies: they are tested with `-Devict=fifo -Dcow=false -Dpmm=first_fit -Dinject=true`.
"""


def share(results: list[Result]) -> str:
    """How many of the mutants were caught, in words."""
    caught = sum(result["outcome"] in CAUGHT for result in results)
    return f"{caught} of {len(results)} ({caught * 100 // max(len(results), 1)} %)"


def rows(judged: list[Result], field: Literal["operator", "file"]) -> Iterator[tuple[str, str, str]]:
    """Value, number judged and number caught, for each value of the field `operator` or `file`."""
    total = Counter(result[field] for result in judged)
    caught = Counter(result[field] for result in judged if result["outcome"] in CAUGHT)
    order = {name: i for i, name in enumerate([LISTED, *dict.fromkeys(name for name, *_ in OPERATORS)])}
    for value in sorted(total, key=lambda value: (order.get(value, 0), value)):
        yield value, str(total[value]), str(caught[value])


def print_tables(console: Console, judged: list[Result]) -> None:
    """Print how many mutants were caught, and the changes that survived."""
    for field in FIELDS:
        table = Table(field, title=f"caught, by {field}")
        table.add_column("mutants", justify="right")
        table.add_column("caught", justify="right")
        for row in rows(judged, field):
            table.add_row(*row)
        console.print(table)
    for result in judged:
        if result["outcome"] in LIVED:
            change = "\n    ".join(result["diff"])
            console.print(f"{result['label']} survived: {result['file']}:{result['line']}\n    {change}",
                          highlight=False, markup=False, soft_wrap=True)
    console.print(f"caught: {share(judged)}", highlight=False)


def code(diff: list[str]) -> str:
    """A change, for a cell of a table."""
    return "<br>".join("`" + line.replace("|", "\\|") + "`" for line in diff)


def document(judged: list[Result], equivalent: list[Mutant], command: str) -> str:
    """The text of docs/reports/mutants.md."""
    survivors = [result for result in judged if result["outcome"] in LIVED]
    timeouts = sum(result["outcome"] == "timeout" for result in judged)
    suites = Counter(result["test"].partition(" ")[0] for result in judged if result["outcome"] in CAUGHT)
    lines = [HEAD, f"`{command}` repeats it.", "",
             f"**{share(judged)} were caught**: {suites['unit']} by unit tests, {suites['serial']} by serial tests, "
             f"{timeouts} of them because the run hung.\n{len(survivors)} survived. {len(equivalent)} others are known "
             "to be equivalent to the original, and do not count.", ""]
    for field in FIELDS:
        lines += [f"| {field} | mutants | caught |", "|---|--:|--:|"]
        lines += [f"| {'' if field == 'operator' else '`'}{value}{'' if field == 'operator' else '`'} | {n} | {m} |"
                  for value, n, m in rows(judged, field)] + [""]
    lines += ["## What survived", ""]
    lines += (["| mutant | change |", "|---|---|"] if survivors else ["Nothing."])
    lines += [f"| {result['file']}:{result['line']} | {code(result['diff'])} |" for result in survivors]
    lines += ["", "## What changes nothing", "", "| mutant | change | why no test can notice |", "|---|---|---|"]
    lines += [f"| {mutant.file}:{mutant.line} | {code(mutant.diff)} | {mutant.what} |" for mutant in equivalent]
    lines += ["", "## Who caught what", "", "| mutant | what is wrong | caught by |", "|---|---|---|"]
    lines += [f"| {result['file']}:{result['line']} | {cause(result)} | {result['test']} |"
              for result in judged if result["outcome"] in CAUGHT]
    return "\n".join(lines) + "\n"


FRESH_HEAD = """\
# How strong the tests are against mistakes that no one chose

`tools/mutate --fresh` makes mutants that no one has seen, by all the operators of
`tools/ucow/mutation_operators.py`, in the files of one build, which take turns. They are judged as in
[the list of mutants](mutants.md); a serial test runs if it executes the changed line, or the function where the line has no code
of its own. A mutant is replaced by another if it does not build, if its types do not fit, if it gives the same kernel byte for
byte, or if `test/mutants.toml` says why it does no harm. So is one that no unit test notices and of which clang, optimising the
whole kernel as one, makes the same code as of the original: what C leaves undefined is defined for that (`PROOF` in
`tools/ucow/mutation.py`).

An operator is drawn as often as its mistake is made: its weight is one more than the number of edits of its kind among the
{mistakes} mistakes of `test/mistakes.toml` and `course/*/mistakes.toml`, which people make in a fork and what belongs to it
(`tools/ucow/mutation_weights.py` counts them). {other} of those are of no operator's kind. Students make them, so the weights may be
others for maintainers; an operator counts only where a file has something for it.
"""


def fresh_head() -> str:
    """The beginning of the document, with what was counted."""
    found = counted()
    return FRESH_HEAD.format(mistakes=found.total(), other=found[OTHER])


def lower_bound(modules: int | None) -> list[str]:
    """What a limit on the number of modules means."""
    return [f"Only {modules} modules of serial tests looked at each mutant, the most promising ones: the whole suite may catch some of "
            "those that survived.", ""] if modules else []


OTHER_BUILDS = """\
## Other builds

| build | command, and when | caught | survived |
|---|---|--:|---|
"""


def other_builds(text: str) -> dict[str, str]:
    """The rows about other builds in a document, by build."""
    _, _, rest = text.partition(OTHER_BUILDS)
    return {line.split(" | ")[0]: line for line in rest.partition("\n\n")[0].splitlines()}


def add_build(text: str, build: str, command: str, judged: list[Result]) -> str:
    """The document with the result of another build, in place of an earlier one."""
    found = other_builds(text)
    lived = "<br>".join(f"{result['file']}:{result['line']}<br>{code(result['diff'])}" for result in judged if result["outcome"] in LIVED)
    before = text.partition(OTHER_BUILDS)[0].rstrip("\n")
    found[f"| `{build}`"] = f"| `{build}` | `{command}`, {date.today()} | {share(judged)} | {lived} |"
    return f"{before}\n\n{OTHER_BUILDS}" + "\n".join(found[build] for build in sorted(found)) + "\n"


def spread(seconds: list[float]) -> str:
    """How long it took, in words."""
    order = sorted(seconds)
    return (f"{sum(order) / len(order):.0f} s in the mean: {order[len(order) // 2]:.0f} s is the median, "
            f"{order[len(order) * 9 // 10]:.0f} s the ninth decile.")


def fresh_document(judged: list[Result], command: str, modules: int | None = None, old: str = "") -> str:
    """The text of docs/reports/fresh_mutants.md. What the old one says of other builds stays."""
    suites = Counter(result["test"].partition(" ")[0] for result in judged if result["outcome"] in CAUGHT)
    used = [result["processor_seconds"] for result in judged]
    processor = f" Its processes used the processor for {spread(used)}" if all(used) else ""
    lines = [fresh_head(), f"`{command}` repeats it. It was made on {date.today()}.", "", *lower_bound(modules),
             f"**{share(judged)} were caught**: {suites['unit']} by unit tests, {suites['serial']} by serial tests. "
             f"A mutant took {spread([result['seconds'] for result in judged])}{processor}", "",
             "| operator | weight | mutants | caught |", "|---|--:|--:|--:|"]
    frequent = weights()
    lines += [f"| {value} | {frequent[value]} | {n} | {m} |" for value, n, m in rows(judged, "operator")]
    lines += ["", "## What survived", "", "| mutant | change | executed by a test |", "|---|---|---|"]
    lines += [f"| {result['file']}:{result['line']} | {code(result['diff'])} | {'yes' if result['outcome'] == 'survived' else 'no'} |"
              for result in judged if result["outcome"] not in CAUGHT]
    if found := other_builds(old):
        lines += ["", OTHER_BUILDS + "\n".join(found.values())]
    return "\n".join(lines) + "\n"


def cause(result: Result) -> str:
    """What is wrong in a mutant, for a cell of a table."""
    return f"{result['defect']}: {result['what']}" if result["defect"] else code(result["diff"])
