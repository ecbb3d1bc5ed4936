# SPDX-License-Identifier: MIT
"""Reports of coverage: what of the kernel the tests run, what they do not, and the document about it."""

from pathlib import Path

from .coverage import (ROOT, CountedBuild, Source, all_branches, all_lines, complaints, coverage, left_out,
                       missed_functions, reason_of, reasons, share, summary)

DOCUMENT = ROOT / "docs/reports/coverage.md"
HEAD = """\
# What the tests do not run

Written by `tools/coverage --write`, from what the tests ran and the reasons in `test/coverage.toml`. Only the `.c`
files of the kernel are counted, without `planted/`, which makes mistakes on purpose, and without the branches
inside ASSERT and RULE, because only a broken kernel takes the failing one. Each line that never runs has a reason;
branches that are never taken are only counted."""
WANTED_LINES, WANTED_BRANCHES = 95.0, 90.0  # per cent


def base(sources: dict[str, Source]) -> list[str]:
    """Sentences that say what is not counted."""
    assertions = sum(len(source.branches) - len(source.counted) for source in sources.values())
    absent = left_out(sources)
    return [f"not counted: {assertions} branches inside ASSERT and RULE",
            f"not counted: {len(absent)} files that are compiled in none of these builds, or make mistakes on purpose: "
            + ", ".join(absent)]


def numbers(lines: list[int]) -> str:
    """Line numbers as ranges: 3-5 8."""
    runs: list[list[int]] = []
    for line in sorted(set(lines)):
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    return " ".join("-".join(map(str, run)) for run in runs)


def listing(sources: dict[str, Source]) -> str:
    """A line for every function with code that never ran."""
    rows = []
    for (name, function), missed in missed_functions(sources).items():
        rows.append(f"{name}: {function}: " + ", ".join(
            f"{what} {numbers(at)}" for what, at in (("lines", missed.lines), ("branches at", missed.branches)) if at))
    return "\n".join(rows) + "\n"


def too_small(sources: dict[str, Source]) -> list[str]:
    """A sentence for each share that is too small."""
    shares = (("lines", WANTED_LINES, all_lines(sources)), ("branches", WANTED_BRANCHES, all_branches(sources)))
    return [f"{what}: {share(counts)[1]} run, and {wanted} % must" for what, wanted, counts in shares
            if share(counts)[0] < wanted]


def write(sources: dict[str, Source], builds: list[CountedBuild]) -> None:
    """Write the document."""
    given = reasons()
    kernels = [f"- `{build.options}`" for build in builds]
    rows = [f"| `{name.removeprefix('kernel/')}` | `{function}` | {len(missed.lines) or ''} "
            f"| {len(missed.branches) or ''} | {reason_of((name, function), given)} |"
            for (name, function), missed in missed_functions(sources).items()]
    table = ["| file | function | lines | branches | why |", "|---|---|--:|--:|---|", *rows]
    text = "\n".join([HEAD, "", summary(sources) + ", of:", "", *kernels, "", *table])
    DOCUMENT.write_text(text + "\n", encoding="utf-8")


def report(folders: tuple[Path, ...], below: float, check: bool, write_document: bool) -> list[str]:
    """Add up the coverage of these builds and print it. With `check` or `write_document` returns what is wrong."""
    builds = [CountedBuild(folder.resolve()) for folder in folders]
    sources = coverage(builds)
    for build in builds:
        build.write_html(build.folder / "coverage/html")
    (builds[0].folder / "coverage/missed").write_text(listing(sources), encoding="utf-8")
    for name, source in sources.items():
        percent, words = share(list(source.lines.values()))
        if percent < below:
            print(f"{name}: lines {words}, branches {share(list(source.counted.values()))[1]}")
    where = f"what never ran: {builds[0].folder}/coverage/missed and html/index.html"
    print(*base(sources), where, summary(sources), sep="\n")
    wrong = too_small(sources) + complaints(sources, reasons()) if check or write_document else []
    if write_document and not wrong:
        write(sources, builds)
    return wrong
