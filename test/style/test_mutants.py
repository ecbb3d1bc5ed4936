# SPDX-License-Identifier: MIT
"""The operators of tools/mutate: each finds its place, and what is no code, or a check, is left alone."""
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from ucow import LabError, mutants  # noqa: E402
from ucow.build import refusal_of_meson  # noqa: E402
from ucow.mutation import PROOF, STRICT  # noqa: E402
from ucow.mutation_report import add_build, fresh_document  # noqa: E402
from ucow.mutation_run import Wanted  # noqa: E402
from ucow.mutation_weights import OTHER, counted, operator_of, weights  # noqa: E402

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
    ("    if (a && b < c) {", "drop condition", "if (a) {"),
    ("    f(x);", "twice", "f(x); f(x);"),
    ("        return -E_INVAL;", "drop exit", ";"),
    ("    x = A_ONE | A_TWO;", "drop flag", "x = A_ONE;"),
    ("    x = A_ONE | A_TWO;", "drop flag", "x = A_TWO;"),
    ("    x = 0x34;", "drop bit", "x = 0x30;"),
    ("    list_add_tail(x);", "opposite", "list_add_head(x);"),
    ("    page_hold(x);", "opposite", "page_drop(x);"),
    ("    x = A_ONE; y = A_TWO;", "sibling", "x = A_TWO; y = A_TWO;"),
    ("    x = p->first; y = p->second;", "field", "x = p->second; y = p->second;"),
    ("    uint32_t x = y;", "narrow", "uint16_t x = y;"),
    ("    error = f(x, y);", "success", "error = 0;"),
    ("    f(to, p->from);", "swap", "f(p->from, to);"),
    ("    f(a, b, c);", "swap", "f(b, a, c);"),
    ("    x = a ? b : c;", "swap", "x = a ? c : b;"),
]
LEFT_ALONE = ["    /* a < b */", '    "a < b"', "#define X(a) (a < 1)", "    ASSERT(a < b);", "    RULE(a < b, x);", "    panic(x);",
              "    if (CONFIG_SWAP)", "    x = 16u;", "int x;", "    unsigned x = io_in8(y);"]
COUNTS = ["    for (size_t i = 0; i < 8;)", "    for (size_t i = 0; i < ARRAY_SIZE(a);)"]  # none of 16 bits overflows


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


def test_a_small_count_is_not_narrowed(tree):
    for line, narrows in [*((line, False) for line in COUNTS), ("    for (size_t i = 0; i < n;)", True)]:
        assert ("narrow" in {mutant.operator for mutant in made_of(tree, line)}) == narrows


def test_checks_of_several_lines_are_left_alone(tree):
    """To the parenthesis that closes the call."""
    lines = ["    RULE(f(x) < y,", '         "%d",', "         p->a + (q == 3));", "    x = z < y;"]
    assert {mutant.line for mutant in made_of(tree, *lines)} == {6}


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_left_alone(tree, line):
    assert made_of(tree, line) == []


def test_two_lines_change_places(tree):
    (change,) = [mutant for mutant in made_of(tree, "    f(x);", "    g(y);", "", "    h();") if mutant.operator == "order"]
    assert change.mutated == "int f(void)\n{\n    g(y);\n    f(x);\n\n    h();\n}\n"
    assert mutants.changed_lines(change) == (range(1, 8), range(3, 5))


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


EDITS = [
    ("    f(x);\n    g(y);", "    g(y);", "drop call"),
    ("    if (a)\n        f(x);", "", "drop call"),
    ("    f(x);", "    (void)x;", "drop call"),
    ("    p->a = x; /* why */", "", "drop store"),
    ("    if (a)\n        return -E_INVAL;", "", "drop exit"),
    ("    if (a && b < c) {", "    if (a) {", "drop condition"),
    ("    x = A_ONE | A_TWO;", "    x = A_ONE;", "drop flag"),
    ("    if (a) {", "    if (!a) {", "negate"),
    ("    x = a < b;", "    x = a <= b;", "bound"),
    ("    x = a + b;", "    x = a - b;", "arithmetic"),
    ("    x = a && b;", "    x = a || b;", "logic"),
    ("    error = f(x);", "    error = 0;", "success"),
    ("    return -E_NO_MEM;", "    return 0;", "success"),
    ("    f(to, from);", "    f(from, to);", "swap"),
    ("    f(x);\n    p->a = b;", "    p->a = b;\n    f(x);", "order"),
    ("    f(x);", "    f(x);\n    f(x);", "twice"),
    ("    x = p->first;", "    x = p->second;", "field"),
    ("    x = A_ONE;", "    x = A_TWO;", "sibling"),
    ("    x = 16;", "    x = 17;", "constant"),
    ("    f(x, true);", "    f(x, false);", "opposite"),
    ("    list_add_tail(x);", "    list_add_head(x);", "opposite"),
    ("    uint32_t x = y;", "    uint16_t x = y;", "narrow"),
    ("    x = a;", "    for (;;)\n        x = b;", OTHER),
]


@pytest.mark.parametrize("old, new, operator", EDITS)
def test_a_mistake_is_counted_for_the_operator_that_makes_it(old, new, operator):
    assert operator_of(old, new) == operator


def test_every_operator_is_drawn():
    """As often as its mistake was made, plus one."""
    found = counted()
    assert set(weights()) | {OTHER} >= set(found) and all(weight == found[name] + 1 for name, weight in weights().items())


def test_the_first_mutants_are_of_frequent_mistakes(tree):
    """Of each file's as many as their weights say, and in the end all."""
    made = made_of(tree, *[f"    f(x{i});\n    x = {i + 1};" for i in range(300)])
    drawn = list(mutants.by_weight(made, "seed"))
    first = Counter(mutant.operator for mutant in drawn[:200])
    assert first["drop call"] > 3 * (first["constant"] + first["twice"]) > 0
    assert sorted(map(id, drawn)) == sorted(map(id, made)) and list(mutants.by_weight(made, "seed")) == drawn


# Code, and a mutant of it that is the same if what C leaves undefined never happens.
UNDEFINED = {
    "a variable without a value": ("int f(int n) { struct { int a; } s; s.a = 2; if (n) s.a = 2; return s.a; }",
                                   "int f(int n) { struct { int a; } s; if (n) s.a = 2; return s.a; }"),
    "an overflow": ("int f(int x) { return x + 1 > x; }", "int f(int x) { (void)x; return 1; }"),
    "a null pointer": ("int f(int *p) { int x = *p; return p == 0 ? 7 : x; }", "int f(int *p) { return *p; }"),
    "a loop without an end": ("void f(unsigned n) { for (unsigned i = 0; i != n; i += 2) ; }", "void f(unsigned n) { (void)n; }"),
}


@pytest.mark.parametrize("what", UNDEFINED)
def test_nothing_is_proved_by_what_is_undefined(tmp_path, what):
    def same(*flags):
        codes = []
        for text in UNDEFINED[what]:
            (tmp_path / "a.c").write_text(text)
            codes.append(subprocess.run(["clang", STRICT[0], "-O3", *flags, "-S", "-o-", tmp_path / "a.c"], capture_output=True, check=True).stdout)
        return codes[0] == codes[1]
    assert same() and not same(*PROOF)


def result(outcome, line, test=""):
    return {"operator": "bound", "file": "kernel/a.c", "line": line, "outcome": outcome, "test": test, "seconds": line, "processor_seconds": line / 2, "diff": ["- a", "+ b"]}


def test_a_report_says_what_lived():
    """Caught of all, who caught, and each survivor; one that no test executes is told apart."""
    judged = [result("caught", 1, "unit a: b"), result("timeout", 2, "serial c::d"), result("survived", 3), result("never executed", 4)]
    text = fresh_document(judged, "tools/mutate --fresh 4 --seed 7")
    assert "`tools/mutate --fresh 4 --seed 7` repeats it." in text
    assert "**2 of 4 (50 %) were caught**: 1 by unit tests, 1 by serial tests." in text
    assert "A mutant took 2 s in the mean: 3 s is the median, 4 s the ninth decile. Its processes used the processor for 1 s" in text
    assert f"| bound | {weights()['bound']} | 4 | 2 |" in text and "a.c:1 " not in text
    assert "| kernel/a.c:3 | `- a`<br>`+ b` | yes |" in text and "| kernel/a.c:4 | `- a`<br>`+ b` | no |" in text


def test_builds():
    """The list needs several builds, which it names; fresh mutants have one, with any options."""
    assert len(Wanted(3, 1, fresh=False).configurations) > 1
    assert Wanted(3, 1, fresh=True).configurations == {"default": []}
    wanted = Wanted(3, 7, fresh=True, options=("cow=false", "trace=false"))
    assert list(wanted.configurations.values()) == [["-Dcow=false", "-Dtrace=false"]]
    assert wanted.words == "--fresh 3 --seed 7 -D cow=false -D trace=false"


def test_options_that_contradict_are_refused_in_one_sentence():
    with pytest.raises(LabError, match="^kasan and races both want every access$"), refusal_of_meson():
        raise LabError("`meson setup x` failed:\nmeson.build:42:2: ERROR: Problem encountered: kasan and races both want every access\n\nA log")
    with pytest.raises(LabError, match="^no such folder$"), refusal_of_meson():
        raise LabError("no such folder")


def test_a_report_keeps_the_last_of_each_other_build():
    def added(text, build, *outcomes):
        return add_build(text, build, f"tools/mutate --fresh {len(outcomes)}", [result(outcome, 1) for outcome in outcomes])
    text = added(fresh_document([result("caught", 1)], "tools/mutate --fresh 1"), "-D trace=false", "caught", "survived")
    text = added(added(text, "-D cow=false", "caught"), "-D trace=false", "caught", "caught", "survived")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `-D")]
    assert [(row[0], *row[-2:]) for row in rows] == [("| `-D cow=false`", "1 of 1 (100 %)", " |"),
                                                     ("| `-D trace=false`", "2 of 3 (66 %)", "kernel/a.c:1<br>`- a`<br>`+ b` |")]
    again = fresh_document([result("timeout", 1), result("survived", 2)], "tools/mutate --fresh 2", old=text)
    assert "**1 of 2 (50 %) were caught**" in again and all(" | ".join(row) in again for row in rows)
    assert added(again, "-D cow=false", "survived").count("-D cow=false") == 1
