# SPDX-License-Identifier: MIT
"""What operations cost, compared with test/budgets.toml: none has grown by more than 3 %."""

import pytest
from ucow.bench import measure
from ucow.budgets import ALLOWED, budget_of, compare, compiler_of, kind_of, machine, read

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
