# SPDX-License-Identifier: MIT
"""tools/ucow/shard.py: the shards of a long search are disjoint, together they are the whole, and merged results give
the report of one run."""

import json
import re
import subprocess
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from conftest import ROOT
from ucow import LabError, fuzz_search, injection, injection_report
from ucow.mutants import read_list
from ucow.mutation_run import in_order, merged, shard_of
from ucow.shard import Part, Search

SEARCH = Search("tools/nothing", 7, "kernel")
SHARDS = 3


def parts(folder: Path, name: str = "part") -> list[Part]:
    return [Part(i, SHARDS, folder / f"{name}-{i}") for i in range(1, SHARDS + 1)]


def merge_of(folder: Path, name: str = "part") -> Part:
    return Part(merge=tuple(part.results for part in parts(folder, name)))


def squares(done: list[int]):
    def run(units, save):
        for unit in units:
            save(unit, [unit * unit])
            done.append(unit)
    return run


def test_shards_are_the_whole(tmp_path):
    done: list[int] = []
    whole = SEARCH.results(Part(), squares([]))
    for part in parts(tmp_path):
        SEARCH.results(part, squares(done))
    assert sorted(done) == list(range(7)) == list(whole)
    assert SEARCH.results(merge_of(tmp_path), squares(done)) == whole and len(done) == 7


def test_a_search_continues(tmp_path):
    """After an interruption only the missing units are done."""
    part = parts(tmp_path)[0]
    SEARCH.results(part, squares([]))
    first, *rest = part.results.read_text().splitlines(keepends=True)
    part.results.write_text(first)
    done: list[int] = []
    assert list(SEARCH.results(part, squares(done))) == [0, 3, 6]
    assert done == [3, 6] and part.results.read_text() == "".join([first, *rest])


@pytest.mark.parametrize("words, sentence", [
    (("1/0", None, ()), "write I/N"), (("4/3", None, ()), "write I/N"), (("x", None, ()), "write I/N"),
    (("1/3", None, (Path("x"),)), "--merge only reads")])
def test_wrong_words(words, sentence):
    with pytest.raises(LabError, match=sentence):
        Part.from_words(*words)


def test_wrong_files(tmp_path):
    """A shard that is missing, merged twice, of another kernel, or torn, is named."""
    for part in parts(tmp_path):
        SEARCH.results(part, squares([]))
    first, second, third = (part.results for part in parts(tmp_path))
    for files, sentence in (((first, third), "2 of the 7 units .* the first is 1"),
                            ((first, second, third, second), "both have unit 1")):
        with pytest.raises(LabError, match=sentence):
            SEARCH.merged(files)
    with pytest.raises(LabError, match="another kernel"):
        Search(SEARCH.command, 7, "other").merged((first, second, third))
    third.write_text(third.read_text()[:-5])
    with pytest.raises(LabError, match="part-3:2: no line of a results file"):
        SEARCH.merged((first, second, third))


def without_seconds(text: str) -> str:
    return re.sub(r"\d+ s\b", "N s", text)


def test_fuzz(build, tmp_path, monkeypatch, capsys):
    """Machines with random code: three shards, merged, print what one run prints."""
    monkeypatch.setattr(fuzz_search, "CRASHES", 3)
    monkeypatch.setattr(fuzz_search, "sanitized", lambda folder, part, *targets: folder)
    reports = []
    for part in (Part(), *parts(tmp_path), merge_of(tmp_path)):
        assert fuzz_search.search_code(9, 1, build.folder, part)
        reports.append(without_seconds(capsys.readouterr().out))
    assert reports[0] == reports[-1] and reports[0] not in reports[1:-1]
    assert "9 children in" in reports[0] and "3 children in" in reports[1]


class FakeInjector:
    """Boots nothing: of each kind there are as many failures as its name has letters, at sites that depend on it."""

    def __init__(self, *words):
        pass

    def baseline(self, job):
        return injection.Baseline(33, 0, 0)

    def judge(self, sweep, n):
        sites = Counter({len(sweep.kind) * 100 + n: 1} if n <= len(sweep.kind) else {})
        return injection.Verdict("ok" if n % 2 else "error", [f"{sweep.kind} {n}"] if n == 9 else [], sites)


def test_inject(build, tmp_path, monkeypatch, capsys):
    """Every kind and mode of two programs, judged by a fake; only the number of machines may differ."""
    for name, fake in (("FaultInjector", FakeInjector), ("Sites", str), ("check_programs", lambda *words: None),
                       ("print_sites", lambda output, elf, sweeps: print(sorted((s.kind, sorted(s.sites)) for s in sweeps)))):
        monkeypatch.setattr(injection_report, name, fake)
    jobs, reports = [injection.Job(("one",)), injection.Job(("two",))], []
    for part in (Part(), *parts(tmp_path), merge_of(tmp_path)):
        wrong = injection_report.sweep_kernel(build.kernel, jobs, 0, 60, False, part, "one two")
        reports.append((wrong, re.sub(r"^\d+ machines .*\n", "", capsys.readouterr().out, flags=re.MULTILINE)))
    assert reports[0] == reports[-1] and reports[0][0] == sum(wrong for wrong, _ in reports[1:-1]) > 0


def test_sweeps_survive_a_file():
    sweep = injection.Sweep(injection.Job(("x",)), injection.Baseline(33, 0, 0), "heap", "once", done=True, runs=4,
                            failures=3, wrong=["what"])
    sweep.sites.update({0xC0100000: 2})
    sweep.outcomes.update({"ok": 3})
    again = injection.sweep_of(json.loads(json.dumps(injection.record_of(sweep))), sweep.job)
    assert injection.record_of(again) == injection.record_of(sweep) and again.sites == sweep.sites


def test_mutate(tmp_path):
    """The mutants of three shards are those of the list, and so are their results."""
    listed, _ = read_list()
    shards = [shard_of(part, listed) for part in parts(tmp_path)]
    assert sorted(mutant.key for mutant in chain(*shards)) == sorted(mutant.key for mutant in listed)
    results = {mutant.key: {"key": mutant.key, "label": mutant.label, "file": mutant.file, "line": mutant.line,
                            "operator": mutant.operator, "outcome": "caught"} for mutant in listed}
    for part, mutants in zip(parts(tmp_path), shards):
        part.results.write_text("".join(json.dumps(results[mutant.key]) + "\n" for mutant in mutants))
    files = merge_of(tmp_path).merge
    assert merged(files, listed) == in_order(results.values())
    with pytest.raises(LabError, match="is in none of the files"):
        merged(files[1:], listed)


def matrix(*words: str) -> list[str]:
    return subprocess.run([ROOT / "tools/matrix", *words], capture_output=True, text=True, check=True).stdout.split()


def test_matrix(tmp_path):
    """Shards of the configurations, and a table of their results."""
    shards = [matrix("--list", "--shard", f"{i}/{SHARDS}", "all") for i in range(1, SHARDS + 1)]
    names = matrix("--list", "all")
    assert sorted(chain(*shards)) == sorted(names) and max(map(len, shards)) - min(map(len, shards)) <= 1
    for i, shard in enumerate(shards):
        (tmp_path / str(i)).write_text("".join(f"{name} 5 1 0 20\n" for name in shard))
    done = (tmp_path / "0").read_text()
    assert matrix("--results", tmp_path / "0", *shards[0])[5::5] == shards[0] and (tmp_path / "0").read_text() == done
    words = [word for i in range(SHARDS) for word in ("--merge", tmp_path / str(i))]
    assert matrix(*words, "all")[5::5] == names
