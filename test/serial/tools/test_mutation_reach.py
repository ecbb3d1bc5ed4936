# SPDX-License-Identifier: MIT
"""tools/ucow/mutation_reach.py: what a test executes is seen, a test that does not execute a function is left out, and
a machine that hangs ends by the processor time that it takes."""

import signal
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT
from ucow import LabError, mutation, mutation_reach
from ucow.machine import MEANING
from ucow.mutants import Mutant

FILE = "kernel/proc/exit.c"
TEXT = "int f(void)\n{\n    g(1);\n    return 2;\n}\n\nint h(void)\n{\n    return 3;\n}\n"


@pytest.fixture
def reach(build, tmp_path, monkeypatch):
    monkeypatch.setattr(mutation_reach, "MACHINE_SECONDS", 1)
    reach = mutation_reach.Reach(tmp_path / "reach", build.kernel, ROOT)
    for name, value in reach.environment.items():
        monkeypatch.setenv(name, value)
    return reach


@contextmanager
def logging(monkeypatch, variables):
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def test_lines_of_a_module(bench, reach, monkeypatch):
    """The lines of a run: a process exits, and none sleeps on a clock. What is known is not asked again."""
    def run(module, variables):
        with logging(monkeypatch, variables):
            return bench.machine("hello").run().status == 33
    module = "test/serial/lab5/test_hello.py"
    reach.learn([module], run, print)
    files = {line.split(":")[0] for line in reach.known[module]["lines"]}
    assert FILE in files and "kernel/proc/fork.c" in files and "kernel/mm/oom.c" not in files
    reach.learn([module], None, print)
    again = mutation_reach.Reach(reach.folder, reach.kernel, ROOT)
    assert again.unknown([module]) == [] and again.unknown(["test/serial/lab5/test_exit.py"]) != []
    with pytest.raises(LabError, match="fails without a mutant"):
        reach.learn(["test/serial/lab5/test_exit.py"], lambda *_: False, print)


def test_two_trees_share_the_work(reach, build, tmp_path):
    """Each module is learnt by one of the two, and then known to both; one that failed is free again."""
    modules = [f"test/serial/lab5/test_{name}.py" for name in ("hello", "exit")]
    other = mutation_reach.Reach(tmp_path / "other", build.kernel, ROOT, reach.knowledge)
    first = reach.knowledge.claim(lambda: reach.unknown(modules))
    with pytest.raises(LabError, match="fails without a mutant"):
        other.learn(modules, lambda *_: False, print)
    asked = []
    reach.knowledge.end(first, {"key": reach.key(first), "seconds": 1, "lines": []})
    other.learn(modules, lambda module, _: asked.append(module) or True, print)
    assert asked == modules[1:] and first == modules[0]
    assert reach.unknown(modules) == other.unknown(modules) == []


def known(seconds, *lines):
    return {"key": "", "seconds": seconds, "lines": [f"{FILE}:{line}" for line in lines]}


def test_which_modules_can_notice(reach):
    """Those that execute the changed line, the quick ones first. One of its function, if the line may have no code of its
    own; never one that executes another function only, unless none executes this one as far as is known."""
    reach.known = {"slow": known(9, 3), "quick": known(1, 3), "near": known(0, 4), "other": known(0, 9)}
    mutant = Mutant("constant", FILE, TEXT, TEXT.index("g(1)"), "g(1)", "g(2)")
    assert reach.of(mutant, list(reach.known)) == ["quick", "slow"]
    reach.known["about it"] = known(20, 3, *range(100, 150))
    assert reach.of(mutant, list(reach.known)) == ["about it", "quick", "slow"]
    del reach.known["about it"]
    named = f"test_{Path(FILE).stem}s.py"
    reach.known[named] = known(30, 3)
    assert reach.of(mutant, list(reach.known)) == [named, "quick", "slow"]
    del reach.known[named]
    left_out = Mutant("drop exit", FILE, TEXT, TEXT.index("g(1)"), "g(1);", ";")
    assert reach.of(left_out, list(reach.known)) == ["quick", "slow", "near"]
    without_code = Mutant("constant", FILE, TEXT, TEXT.index("2;"), "2", "3")
    reach.known["near"] = known(0, 5)
    assert reach.of(without_code, list(reach.known)) == ["near", "quick", "slow"]
    elsewhere = Mutant("constant", FILE, "int a[] = {1};\n" + TEXT, 0, "int a", "long a")
    assert sorted(reach.of(elsewhere, list(reach.known))) == sorted(reach.known)
    reach.known = {"other": known(0, 9)}
    assert reach.of(mutant, list(reach.known)) == ["other"]


def test_unit_tests_of_a_file(build):
    """Each file that a unit test compiles is found, also by way of a library."""
    sources = mutation.sources_of("test/unit/unit_ledger", build.folder, ROOT)
    assert {"kernel/watch/ledger.c", "kernel/lib/printf.c", "test/unit/watch/test_ledger.c"} <= sources
    assert "kernel/mm/vma.c" not in sources


def test_files_of_a_build(build):
    """A file that the build leaves out is no place for its mutants."""
    tree = mutation.MutantTree.__new__(mutation.MutantTree)
    of_build = mutation.Build.__new__(mutation.Build)
    of_build.tree, of_build.folder, tree.builds = ROOT, build.folder, {"with": of_build}
    files = tree.files()
    assert ("kernel/mm/copy_range_cow.c" in files) == build.cow == ("kernel/mm/copy_range_eager.c" not in files)
    assert "kernel/main.c" in files and "test/unit/unit.c" not in files
    assert tree.build_of(Mutant("constant", "kernel/proc/proc.h", "", 0, "", "")) is of_build


def test_a_hang_ends(bench, reach):
    run = bench.machine(kernel=bench.build.folder / "test/serial/sabotage/hang.elf").run()
    assert run.status == -signal.SIGXCPU and "hung" in MEANING[run.status]
    run.close()
