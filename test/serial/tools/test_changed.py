# SPDX-License-Identifier: MIT
"""tools/test --changed: what a change touches, and which tests execute it, those about it first."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
from conftest import ROOT
from stand_ins import instead_of_program, instead_of_tests
from ucow import changed
from ucow.changed import Blocks, Changes, Choice, Targets, age, choose, functions_of, learn, ranked, that_fit, watch
from ucow.symbols import Symbols

SOURCE = """\
/* f(1) */
static int a[] = {
    1,
};

static int
f(int x)
{
    return x;
}

__attribute__((noreturn)) void g(int one,
                                 int two)
{
    for (;;)
        f(one);
}
"""


def test_functions_of_a_source():
    assert functions_of(SOURCE) == [("f", range(6, 11)), ("g", range(12, 18))]


def test_blocks_of_the_kernel(build):
    """The first block of a function has its lines; in the middle of an instruction begins none."""
    blocks, symbols = Blocks(build.kernel), Symbols(build.kernel)
    assert "kernel/main.c:kmain" in blocks.executed(symbols.address("kmain"))
    assert blocks.executed(blocks.at[0] - 1) == frozenset()


def test_what_a_whole_run_has_executed(bench, build, tmp_path, monkeypatch):
    """The functions of tests whose machines were watched; the time of all tests."""
    watch(tmp_path / "watch")
    folder = tmp_path / "build"
    (folder / "meson-logs").mkdir(parents=True)
    (folder / "kernel").symlink_to(build.folder / "kernel")
    log = [{"name": "ucow:serial+lab5 / hello", "result": "OK", "duration": 0.25}, {"name": "ucow:style / docs", "result": "FAIL", "duration": 1.5}]
    (folder / "meson-logs/testlog.json").write_text("\n".join(map(json.dumps, log)))
    monkeypatch.setenv("PATH", str(tmp_path / "watch/bin"), prepend=os.pathsep)
    monkeypatch.setenv("UCOW_BUILD", str(build.folder))
    monkeypatch.setenv("UCOW_TEST", "")  # by hand: no test's
    assert bench.machine("exit").run().status == 33
    monkeypatch.setenv("UCOW_TEST", "honest")
    assert bench.machine(kernel=build.folder / "test/serial/sabotage/honest.elf").run().status == 33  # another kernel
    monkeypatch.setenv("UCOW_TEST", "hello")
    assert bench.machine("hello").run().status == 33
    learn(folder, tmp_path / "watch/logs")
    reached = changed.load(folder)
    assert reached["seconds"] == {"hello": 0.25, "docs": 1.5} and list(reached["functions"]) == ["hello"]
    executed = reached["functions"]["hello"]
    assert "kernel/main.c:kmain" in executed and any(name.startswith("kernel/proc/exec.c:") for name in executed)
    also = [name for name in executed if name.startswith(("kernel/proc/oom.c:", "kernel/proc/kill.c:"))]
    assert also == [] or build.kasan, also  # kasan adds a function to each file, which runs at boot


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A repository with a source."""
    tree = tmp_path / "tree"
    (tree / "kernel").mkdir(parents=True)
    (tree / "kernel/f.c").write_text(SOURCE)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", tree, *words], check=True)
    monkeypatch.setattr(changed, "ROOT", tree)
    for cached in (changed.functions_in, changed.without_comments):
        cached.cache_clear()
    yield tree
    for cached in (changed.functions_in, changed.without_comments):
        cached.cache_clear()


@pytest.mark.parametrize("old, new, functions", [
    ("return x;", "return x + 1;", {"kernel/f.c:f"}),
    ("    for (;;)\n", "", {"kernel/f.c:g"}),
    ("f(1) */", "f(2) */", set()),
    ("    1,\n", "    2,\n", None),
    ("__attribute__((noreturn)) void g", "void g", {"kernel/f.c:g"}),
], ids=["line", "line less", "comment", "table", "signature"])
def test_what_differs_from_a_commit(tree, old, new, functions):
    (tree / "kernel/f.c").write_text(SOURCE.replace(old, new))
    changes = Changes("HEAD")
    assert list(changes.lines) == ["kernel/f.c"] and changes.functions("kernel/f.c") == functions


def test_files_that_are_new_or_gone(tree):
    (tree / "kernel/new.c").write_text("int h(void)\n{\n    return 1;\n}\n")
    (tree / "kernel/f.c").unlink()
    (tree / "core").symlink_to("nowhere")
    changes = Changes("HEAD")
    assert set(changes.lines) == {"kernel/new.c", "kernel/f.c", "core"} and changes.lines["core"] == []
    assert changes.functions("kernel/new.c") == {"kernel/new.c:h"}
    with pytest.raises(changed.LabError, match="^git: .*nosuch"):
        Changes("nosuch")


def test_what_is_made_of_a_file(build):
    """Unit tests, also by way of a library; the sources that include a header."""
    targets = Targets(build.folder)
    assert "test/unit/unit_ledger" in targets.made_of(["kernel/watch/ledger.c"])
    assert "test/unit/unit_rbtree" not in targets.made_of(["kernel/watch/ledger.c"])
    assert {"test/unit/unit_bitmap", "kernel/ucow.elf"} <= targets.made_of(["kernel/lib/printf.c"])
    assert "user/bomb" in targets.made_of(["user/life/bomb.c"])
    sources = targets.sources_with("kernel/proc/proc.h")
    assert "kernel/proc/exit.c" in sources and not any(source.startswith("test/") for source in sources)


REACHED = {"when": time.time() - 7200,
           "functions": {"slow": ["k.c:f", "k.c:g"], "quick": ["k.c:f"], "about": ["k.c:f", "k.c:g", "k.c:h", "k.c:i"], "other": ["k.c:g", "l.c:f"]},
           "seconds": {"slow": 9, "quick": 1, "about": 2, "other": 0.1}}


def test_which_tests_come_first():
    """Those that execute a changed function, by how much of its file they execute in their time."""
    assert ranked({"k.c:f"}, REACHED) == ["about", "quick", "slow"]
    assert ranked({"k.c:z"}, REACHED) == []
    assert that_fit(["about", "slow", "quick", "about"], REACHED, 3, 1) == ["about", "quick"]
    assert that_fit(["about", "slow", "quick"], REACHED, 9, 2) == ["about", "slow", "quick"]
    assert [age(seconds) for seconds in (5, 60, 7300, 90000)] == ["just now", "1 minute ago", "2 hours ago", "1 day ago"]


def changing(monkeypatch, file, pattern):
    """Have a file of the kernel differ from the last commit, in its first line with the pattern."""
    rows = (ROOT / file).read_text().split("\n")
    line = next(at for at, row in enumerate(rows, 1) if re.search(pattern, row))
    monkeypatch.setattr(changed, "git", lambda *words: [f"+++ {file}", f"@@ -{line} +{line} @@"] if words[0] == "diff" else [])


def test_choice(build, monkeypatch):
    changing(monkeypatch, "kernel/watch/ledger.c", r"^    return")
    monkeypatch.setattr(changed, "load", lambda _: None)
    choice = choose(build.folder, "HEAD", 30, 2)
    assert {"ledger", "layers"} <= set(choice.tests) and "forktree" not in choice.tests
    assert choice.sentence.startswith("run tools/test --learn once, a whole run, ")
    function, = Changes("HEAD").functions("kernel/watch/ledger.c")
    monkeypatch.setattr(changed, "load", lambda _: REACHED | {"functions": {"hello": [function], "spin": []}})
    choice = choose(build.folder, "HEAD", 30, 2)
    assert "hello" in choice.tests and "spin" not in choice.tests
    assert choice.sentence == ("1 of the 1 serial tests that execute what has changed in the kernel were run, as far as tools/test --learn saw "
                               "2 hours ago; all tests: tools/test")
    monkeypatch.setattr(changed, "git", lambda *_: [])
    assert choose(build.folder, "HEAD", 30, 2) == Choice([], "nothing differs from HEAD: name an older commit, as in --changed=HEAD~1")


def test_command(build, tmp_path, monkeypatch):
    """`meson test` gets the tests of the change, and the command says at the end what was left out."""
    line = next(at for at, row in enumerate((ROOT / "kernel/watch/ledger.c").read_text().split("\n"), 1) if row.startswith("    return"))
    instead_of_program(monkeypatch, tmp_path, "git", f'case "$*" in *diff*) echo "+++ kernel/watch/ledger.c"; echo "@@ -{line} +{line} @@";; esac')
    instead_of_tests(monkeypatch, tmp_path, 'echo "$@"')
    done = subprocess.run([ROOT / "tools/test", "--build", build.folder, "--changed"], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0 and " ledger " in done.stdout, done.stderr
    assert re.search(r"^tools/test: .*(all tests: tools/test|compile the change, or are part of it, were run)$", done.stderr, re.MULTILINE)


@pytest.mark.parametrize("words, said", [
    (["--changed", "exit"], "--changed chooses the tests: name none, and no options after --"),
    (["--learn", "--", "--suite", "unit"], "--learn runs all tests: name none, and no options after --"),
    (["--learn", "--changed"], "give --learn first, alone; --changed then knows more"),
])
def test_refused(words, said):
    done = subprocess.run([ROOT / "tools/test", *words], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (5, f"tools/test: {said}\n")


def test_learning_is_a_whole_run(build, tmp_path, monkeypatch):
    """Only with --learn do machines log what they execute. Here `meson test` is a script that says which QEMU it would start."""
    instead_of_tests(monkeypatch, tmp_path, "command -v qemu-system-i386; exit 3")
    command = [ROOT / "tools/test", "--build", build.folder]
    usual = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (usual.returncode, usual.stdout.strip()) == (3, shutil.which("qemu-system-i386")), usual.stderr
    learning = subprocess.run([*command, "--learn"], capture_output=True, text=True, timeout=100, check=False)
    assert learning.stdout.strip().endswith("/watch/bin/qemu-system-i386") and learning.returncode != 0
    assert "nothing was learnt" in learning.stderr, "what was known before is lost"
