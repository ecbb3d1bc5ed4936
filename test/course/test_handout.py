# SPDX-License-Identifier: MIT
"""tools/handout: a tree with one commit that differs from this one exactly in the lab's regions."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from ucow.course.handout import OMITTED, tracked, unlinked
from ucow.course.lab import lab_called, labs
from ucow.course.regions import outside

GIVES_AWAY = ["course", "test/mutants.toml", "test/mistakes.toml", "docs/exercises.md", "docs/follow", "docs/zh", "test/unit", "tools/grade"]


def handout(*words, cwd=ROOT):
    return subprocess.run([ROOT / "tools/handout", *map(str, words)], capture_output=True, text=True, cwd=cwd, timeout=60,
                          check=False)


def git(folder, *words):
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The hand-out of lab 4."""
    folder = tmp_path_factory.mktemp("handout") / "a b, c"
    done = handout("cow", "-o", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_one_commit_and_no_history(made):
    assert len(git(made, "log", "--all", "--format=%s").splitlines()) == 1
    assert git(made, "status", "--porcelain") == ""


def test_exactly_the_regions_differ(made):
    """Each file is this tree's, but for the lab's regions and links to what is left out; that is on the list."""
    lab = lab_called("cow")
    here = [name for name in git(made, "ls-files", "-z").split("\0") if name]
    left_out = set(tracked()) - set(here)
    assert set(here) - set(tracked()) == {"EXERCISE.md"}
    assert all(any(name == word or name.startswith(word + "/") for word in (*OMITTED, *lab.omit)) for name in left_out)
    for name in (name for name in here if name.endswith(".md") and name != "EXERCISE.md"):
        assert (made / name).read_text() == unlinked((ROOT / name).read_text(), name, here)
    different = [name for name in here if not name.endswith(".md") and not (ROOT / name).is_symlink()
                 and (made / name).read_bytes() != (ROOT / name).read_bytes()]
    assert different == list(lab.files)
    for name in different:
        mine, theirs = ((folder / name).read_text() for folder in (ROOT, made))
        assert outside(theirs, name, lab.number) == outside(mine, name, lab.number)
        assert "exercise_stop(" in theirs and "page_hold(page); /* or the allocation" not in theirs


def test_no_link_leads_nowhere(made):
    """In the documents of a hand-out; the texts of its links stay."""
    for page in made.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists() or target.startswith("../../actions"), f"{page}: {target}"
    assert "and CHANGELOG.md what changed" in (made / "README.md").read_text()


@pytest.mark.parametrize("name", GIVES_AWAY)
def test_nothing_gives_the_answer_away(name, made):
    assert not (made / name).exists()


def test_its_tests_run(made, build):
    """What the tests of a hand-out import and read is there; the kernel is this tree's."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test/serial/lab5/test_exit.py"],
                          cwd=made, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "UCOW_BUILD": str(build)})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("lines, said", [
    (["exercise: lab 3, f() is not written yet", "kernel check failed: fork returned -20", "    f (a.c)"], "exercise: lab 3, f() is not written yet"),
    (["kernel check failed: fork returned -20", "    f (a.c)", "exercise: lab 3, f() is not written yet"], "kernel check failed: fork returned -20 f (a.c)"),
    (["nothing"], "a check of the kernel failed without a message"),
])
def test_a_failed_check_may_be_the_consequence_of_an_exercise(lines, said, tmp_path):
    """What came first is what tools/run says at the end."""
    (tmp_path / "serial").write_text("\r\n".join(lines) + "\r\n")
    script = 'say() { echo "$1"; }; scratch=$1; source "$2/tools/lib/outcome.sh"; quote_check'
    done = subprocess.run(["bash", "-c", script, "bash", tmp_path, ROOT], capture_output=True, text=True, check=True)
    assert done.stdout == said + "\n"


def test_every_lab_has_a_text():
    for lab in labs():
        text = (lab.folder / "text.md").read_text()
        assert text.startswith(f"# Lab {lab.number}: {lab.title}\n")
        for part in ("**Goal.**", "**Time.**", "## Background", "## Before you run anything", "## Steps", "## Questions",
                     "## What the tests look at"):
            assert part in text, f"{lab.name}: {part}"
        for check in lab.check:
            assert f"| {check.name} | {check.points} |" in text, f"{lab.name}: the text does not promise {check.name}"


@pytest.mark.parametrize("words, sentence", [
    (["nine", "-o", "x"], "there is no lab nine: there are "),
    (["4", "-o", "."], ". exists already: name a new folder"),
    (["4"], "Missing option '-o'"),
    (["4", "-o", "file/x"], "Not a directory"),
])
def test_bad_input_is_one_sentence(words, sentence, tmp_path):
    (tmp_path / "file").touch()
    done = handout(*words, cwd=tmp_path)
    assert done.returncode != 0 and done.stdout == "" and len(done.stderr.splitlines()) == 1 and sentence in done.stderr
