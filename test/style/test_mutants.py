# SPDX-License-Identifier: MIT
"""The operators of tools/mutate: each finds its place, and what is no code, or a check, is left alone."""
import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from ucow import LabError, mutants  # noqa: E402

EXAMPLES = [
    ("    if (a) {", "negate", "if (!(a)) {"),
    ("    while (a(b) && c)", "negate", "while (!(a(b) && c))"),
    ("    x = a == b;", "negate", "x = a != b;"),
    ("    x = a < b;", "bound", "x = a <= b;"),
    ("    x = a >= b;", "bound", "x = a > b;"),
    ("    x += y;", "arithmetic", "x -= y;"),
    ("    x = a - b;", "arithmetic", "x = a + b;"),
    ("    a && b;", "logic", "a || b;"),
    ("    p->f(x);", "drop call", ";"),
    ("    p->count = x;", "drop store", ";"),
    ("    return -E_NO_MEM;", "success", "return 0;"),
    ("    x = 16;", "constant", "x = 17;"),
]
LEFT_ALONE = ["    /* a < b */", '    "a < b"', "#define X(a) (a < 1)", "    ASSERT(a < b);", "    RULE(a < b, x);", "    panic(x);",
              "    if (CONFIG_SWAP)", "    x = 16u;", "int x;"]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    return tmp_path


def made_of(tree, *lines):
    (tree / "a.c").write_text("int f(void)\n{\n" + "\n".join(lines) + "\n}\n")
    return mutants.candidates("a.c")


@pytest.mark.parametrize("line, operator, result", EXAMPLES)
def test_operators(tree, line, operator, result):
    found = {(mutant.operator, mutant.diff[1]) for mutant in made_of(tree, line)}
    assert (operator, f"+ {result}") in found


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_left_alone(tree, line):
    assert made_of(tree, line) == []


def test_checkers_are_left_alone(tree):
    (tree / "a.c").write_text("bool page_ok(void)\n{\n    return a < b;\n}\n\nint g(void)\n{\n    return c < d;\n}\n")
    assert [mutant.line for mutant in mutants.candidates("a.c")] == [8]


def test_choice_takes_turns_and_repeats(tree):
    for name in "ab":
        (tree / f"{name}.c").write_text("int f(void)\n{\n    f(x);\n    g(y);\n    x = a < b;\n}\n")
    first = list(mutants.choose(["a.c", "b.c"], 1))
    assert first == list(mutants.choose(["a.c", "b.c"], 1))
    assert {mutant.file for mutant in islice(first, 2)} == {"a.c", "b.c"}
    assert len({mutant.operator for mutant in first[:4] if mutant.file == "a.c"}) == 2


@pytest.mark.parametrize("old, new", [("gone", "x"), ("f", "x"), ("g(y)", "g(y)")])
def test_a_listed_change_fits_in_one_place(tree, old, new):
    (tree / "a.c").write_text("int f(void)\n{\n    f(x);\n    g(y);\n}\n")
    with pytest.raises(LabError, match="one place"):
        mutants.planted("a.c", old, new, operator="defect")
    assert mutants.planted("a.c", "f(x)", "", operator="defect").diff == ["- f(x);", "+ ;"]
