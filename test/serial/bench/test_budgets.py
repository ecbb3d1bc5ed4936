# SPDX-License-Identifier: MIT
"""What operations cost, compared with test/budgets.toml: none has grown by more than 3 %."""

import dataclasses
from pathlib import Path

import pytest
from ucow import LabError, variant
from ucow.bench import measure
from ucow.budgets import ALLOWED, budget_of, compare, compiler_of, kind_of, machine, read
from ucow.plot import shown_in

PICTURE = Path(__file__).resolve().parents[3] / "docs/fork_costs.svg"
CURVE = {"release": "ucow", "default": "ucow, default: checks and trace on"}
RENEW = 'If that is what the change is worth, write new budgets with a reason: tools/bench --renew "why"'


@pytest.fixture
def kind(build):
    """The kind of the build under test; skips if it has no budget."""
    if (found := kind_of(build.options)) is None:
        pytest.skip("budgets are kept for the default and the release build; this one has other options")
    return found


def test_no_cost_has_grown(build, kind, capsys):
    compiler = compiler_of(build.folder)
    if (budget := budget_of(compiler, kind)) is None:
        pytest.skip(f"there are budgets for {', '.join(read()) or 'no compiler'}, none for {compiler}: "
                    'tools/bench --renew "budgets for this compiler" writes them')
    measured = {row: int(number) for row, number in measure(machine(build.kernel, kind), build.wall_seconds).items()}
    changes = compare(budget, measured)
    if changes.cheaper:
        with capsys.disabled():
            print("\ncheaper than test/budgets.toml says:", *changes.cheaper, sep="\n  ")
    wrong = [*changes.grown, *changes.strange]
    if wrong:
        pytest.fail("\n  ".join([f"these grew by more than {100 * ALLOWED - 100:.0f} %, or are new:", *wrong]) + "\n" + RENEW,
                    pytrace=False)


def test_the_comparison():
    """A cost may grow by 3 %; a row that is on one side only is an error, too."""
    budget = {"a": 1000, "b": 1000, "c": 1000, "gone": 1}
    changes = compare(budget, {"a": 1030, "b": 1031, "c": 900, "new": 5})
    assert [line.split()[0] for line in changes.grown] == ["b"]
    assert [line.split()[0] for line in changes.cheaper] == ["c"]
    assert changes.strange == ["new has no budget", "gone has a budget, and was not measured"]


def test_the_picture(build, kind):
    """What docs/fork_costs.svg shows is what the budgets say, and stays so."""
    if (budget := budget_of(compiler_of(build.folder), kind)) is None:
        pytest.skip("there are no budgets for this compiler, and the picture has the costs of another")
    shown = shown_in(PICTURE)[CURVE[kind.name]]
    wrong = [f"{row}: {shown[row]:,.0f} in the picture, {budget[row]:,} in test/budgets.toml"
             for row in shown.keys() & budget.keys() if not 1 / ALLOWED <= shown[row] / budget[row] <= ALLOWED]
    assert shown.keys() & budget.keys() >= {"fork", "fork-1M", "fork-4M", "fork-16M"}
    assert not wrong, "docs/fork_costs.svg is out of date: tools/bench --plot docs/fork_costs.svg draws it again"


def test_any_option(build, tmp_path, capsys, monkeypatch):
    """tools/bench -D: what is kept as CSV is the baseline of the next measurement."""
    monkeypatch.setattr(variant, "kernel_with", lambda options, folder: build.kernel)
    monkeypatch.setattr(variant, "machine", lambda kernel, kind: dataclasses.replace(machine(kernel, kind),
                                                                                     program=["bench", "getpid"]))
    kept, missing = tmp_path / "kept.csv", tmp_path / "no/file"
    variant.variant([], None, kept, None, build.wall_seconds, tmp_path)
    rows = kept.read_text().splitlines()
    assert rows[0] == "options,row,instructions" and rows[1].startswith("release,getpid,") and len(rows) == 2
    kept.write_text(f"{rows[0]}\nold,getpid,1\nold,gone,5\n")
    capsys.readouterr()
    variant.variant(["cow=false"], kept, None, None, build.wall_seconds, tmp_path)
    cost = int(rows[1].split(",")[2])
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["getpid", "getpid", "1", f"{cost:,}", f"{100.0 * (cost - 1):+.1f}", "%"] in lines and ["gone", "5"] in lines
    with pytest.raises(LabError, match="cannot be written"):
        variant.variant([], None, missing, None, 1, tmp_path)


def test_changes():
    """The largest increase first, what only one side has last; no cost has no percentage."""
    before, now = (variant.Costs("", rows) for rows in ({"a": 100, "b": 100, "zero": 0, "gone": 1}, {"a": 90, "b": 150, "zero": 5, "new": 1}))
    assert [(change.row, change.percent) for change in variant.changes(before, now)] == [
        ("b", 50), ("a", -10), ("zero", None), ("new", None), ("gone", None)]


def test_refused(tmp_path):
    """An option or a value that Meson does not have, and a file that is no measurement."""
    with pytest.raises(LabError, match="-D nosuch=1: there is no option nosuch; there are buildtype coverage cow "):
        variant.checked(["nosuch=1"])
    with pytest.raises(LabError, match="-D pmm=best: pmm is one of buddy first_fit"):
        variant.checked(["cow=false", "pmm=best"])
    (tmp_path / "file").write_text("options,row\n")
    with pytest.raises(LabError, match="file is no measurement: write one with tools/bench"):
        variant.Costs.read(tmp_path / "file")
