# SPDX-License-Identifier: MIT
"""tools/grade: submissions are read, refused and reported as they should be, and the lists of checks and wrong solutions are
whole. test_grade_kernels.py boots kernels."""

import importlib.machinery
import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ROOT
from ucow import LabError, children
from ucow.course import container, grade, judge, kept, report, submission
from ucow.course.answers import ANSWERS, answer
from ucow.course.handout import TEXT
from ucow.course.judge import EVENTS
from ucow.course.lab import lab_called, labs
from ucow.course.submission import Submission, found_in, gather, passed_over, read
from ucow.course.wrong import Wrong, wrongs
from ucow.drawing import Arrow, Slice, inline, lives

COW = "kernel/mm/copy_range_cow.c"


def test_every_check_can_be_judged():
    for lab in labs():
        assert sum(check.points for check in lab.check) == lab.points > 15
        for check in lab.check:
            assert tuple(check.program) in ANSWERS and check.where and check.hint, check.name
            assert check.judge in ("lines", "clean", "rules") or check.judge == "events" and check.name in EVENTS, check.name


def test_answers_depend_on_the_number():
    """Lines that can be known before the number is drawn give no points."""
    for program, mode in ANSWERS:
        assert answer(program, mode, 12345).lines != answer(program, mode, 54321).lines, f"{program} {mode}"


@pytest.mark.parametrize("name", [lab.name for lab in labs()])
def test_wrong_solutions_quote_the_sources(name):
    lab = lab_called(name)
    listed = wrongs(lab)
    assert len([wrong for wrong in listed if not wrong.what.startswith("sabotage")]) >= (20 if name in ("fork", "cow", "wait") else 8)
    assert len({wrong.name for wrong in listed}) == len(listed)
    for wrong in listed:
        changed = wrong.submission(lab).files[wrong.file] != lab.source(wrong.file)
        assert changed and wrong.says, wrong.name
        assert wrong.loses == ["all"] or {*wrong.loses, *wrong.may} <= {check.name for check in lab.check}, wrong.name


@pytest.mark.parametrize("name", [lab.name for lab in labs()])
def test_explained_messages_are_those_of_wrong_solutions(name):
    """The table of messages in the lab's text: a run of `tools/grade --mistakes` has shown each of them."""
    lab = lab_called(name)
    text = (lab.folder / "text.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(.*?)` \|", text.partition("## What messages mean\n")[2].partition("\n## ")[0], re.MULTILINE)
    seen = [wrong.says for wrong in wrongs(lab)]
    assert len(explained) >= 3 and not [message for message in explained if message not in seen]


def test_what_depends_on_the_number_may_be_lost(graded):
    """`graded` loses "alone"."""
    def missing(*loses, may=()):
        return Wrong("name", "what", COW, "old", "new", loses, "", may).missing(graded[0])
    assert missing("alone") == missing(may=["alone", "read"]) == []
    assert missing() == ["it loses alone, not "] and missing("alone", "read") == ["it loses alone, not alone read"]


# ---- Submissions ----

@pytest.fixture
def tree(tmp_path):
    """A student's tree, as far as the grader looks at it."""
    lab = lab_called("cow")
    for file, text in lab.handed_out.items():
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
    (tmp_path / TEXT).write_text("# Lab 4: copy-on-write\n")
    return tmp_path


def test_a_tree_says_its_lab(tree, monkeypatch):
    submission = read(tree, None)
    assert submission.lab.number == 4 and submission.files == lab_called("cow").handed_out and not submission.notes
    monkeypatch.chdir(tree)
    assert submission.name == read(Path("."), None).name == tree.name
    (tree / TEXT).unlink()
    with pytest.raises(LabError, match="name it with --lab"):
        read(tree, None)


def test_changed_tests_and_tools_are_named_and_not_taken(tree):
    for name in ("tools/run", "test/serial/conftest.py", "meson.build", "kernel/mm/page.c"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("cheat")
    submission = read(tree, None)
    assert list(submission.files) == [COW] and all(
        name in submission.notes[0] for name in ("tools/run", "test/serial/conftest.py", "meson.build", "kernel/mm/page.c"))


@pytest.mark.parametrize("text, refused", [
    ('void f(void) { __asm__("hlt"); }\n', ":1 uses assembler"),
    ('void f(void) { as\\\nm("hlt"); }\n', ":1 uses assembler"),
    ('#include "/etc/passwd"\n', "which is not in this tree"),
    ('#include "../../../../etc/passwd"\n', "which is not in this tree"),
    ("#include NAME\n", "which is not in this tree"),
    ('%:include "/etc/passwd"\n', "which is not in this tree"),
    ('#inc\\ \nlude "/etc/passwd"\n', "which is not in this tree"),
    ('/**/ # /**/ include /**/ "/etc/passwd"\n', "which is not in this tree"),
    ('\f#include"/etc/passwd"\n', "which is not in this tree"),
    ('#import "/etc/passwd"\n', ":1 includes what is not in this tree"),
    ('#include "mm/page.h" /* why */ // and more\n', None),
    ('/* asm("") */ const char *s = "asm(";\n', None),
])
def test_what_a_source_must_not_do(text, refused, tree):
    (tree / COW).write_text(text)
    submission = read(tree, None)
    assert refused in submission.refused if refused else not submission.refused


def test_a_file_that_is_no_file_is_refused(tree):
    (tree / COW).unlink()
    (tree / COW).symlink_to("/etc/passwd")
    assert "is missing" in read(tree, None).refused
    (tree / COW).unlink()
    (tree / COW).write_text("x" * (1 << 21))
    assert "bytes" in read(tree, None).refused


def diff(folder, old, new):
    """A patch as `git diff` makes it."""
    for name, files in (("a", old), ("b", new)):
        for file, text in files.items():
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_text(text)
    return subprocess.run(["git", "diff", "--no-index", "--no-prefix", "a", "b"], cwd=folder, capture_output=True, text=True,
                          check=False).stdout


def test_a_patch_is_applied_to_the_handout(tmp_path):
    lab = lab_called("cow")
    solved = lab.source(COW)
    patch = tmp_path / "ada.patch"
    patch.write_text(diff(tmp_path, {**lab.handed_out, "meson.build": "one\n"}, {COW: solved, "meson.build": "two\n"}))
    submission = read(patch, None)
    assert (submission.name, submission.lab, submission.files) == ("ada", lab, {COW: solved})
    assert "meson.build" in submission.notes[0]


def test_a_patch_that_does_not_fit_is_refused(tmp_path):
    patch = tmp_path / "a.patch"
    patch.write_text(diff(tmp_path, {COW: "one\n"}, {COW: "two\n"}))
    assert "does not fit the hand-out" in read(patch, None).refused
    patch.write_text("no patch\n")
    with pytest.raises(LabError, match="is no patch that git reads"):
        read(patch, None)


def test_a_folder_of_many(tmp_path):
    (tmp_path / "ada/kernel").mkdir(parents=True)
    (tmp_path / "bob.patch").touch()
    (tmp_path / "notes.txt").touch()
    assert [path.name for path in found_in(tmp_path)] == ["ada", "bob.patch"]
    assert passed_over([tmp_path]) == ["notes.txt"]
    with pytest.raises(LabError, match="is no tree of ucow"):
        found_in(tmp_path / "ada" / "kernel")


def test_one_that_cannot_be_read_does_not_hold_up_the_others(tree, tmp_path_factory):
    """It is refused, for the lab of the others; a tree without its text is theirs, too."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "bad.patch").write_text("no patch\n")
    with pytest.raises(LabError, match="is no patch that git reads"):
        gather([folder], None)
    shutil.copytree(tree, folder / "bad")
    shutil.copytree(tree, folder / "bob")
    (folder / "bob" / TEXT).unlink()
    bad, patch, bob = gather([folder], None)
    assert not bad.refused and "is no patch that git reads" in patch.refused and patch.lab == bad.lab
    assert bob.files == bad.files and not bob.refused
    assert [one.name for one in (bad, patch, bob)] == [str(folder / "bad"), str(folder / "bad.patch"), "bob"]


# ---- Many ----

def test_grades_are_kept(monkeypatch, tmp_path):
    """A second run takes what the first has made, unless the files or the kernels are others."""
    lab, made, file = lab_called("cow"), [], tmp_path / "kept"
    kernel = tmp_path / "kernel/ucow.elf"
    kernel.parent.mkdir()
    kernel.write_text("one")
    loss = grade.Loss("a", "b", "c")

    def grade_now(submission, _):
        made.append(submission.name)
        return grade.Grade(submission, [grade.Result(lab.check[0], 0, loss, "tools/run x"), grade.Result(lab.check[1], 0, loss, "", lab.check[0].name)])

    monkeypatch.setattr(kept, "grade", grade_now)
    def run(text):
        return kept.Kept(file, grade.Builds(tmp_path, tmp_path)).grade(Submission("ada", lab, {COW: text}))
    assert run("int a;").results == run("int a;").results and made == ["ada"]
    run("int b;")
    assert made == ["ada"] * 2
    kernel.write_text("two")
    run("int b;")
    assert made == ["ada"] * 3 and len(file.read_text().splitlines()) == 3
    file.write_text("{}\n")
    with pytest.raises(LabError, match="kept:1 is no grade"):
        run("int b;")


@pytest.fixture
def tool():
    """tools/grade as a module."""
    spec = importlib.util.spec_from_loader("grade_tool", importlib.machinery.SourceFileLoader("grade_tool", str(ROOT / "tools/grade")))
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("works", [True, False])
def test_without_a_container_it_says_so(works, graded, tool, monkeypatch, tmp_path, capsys):
    (tmp_path / "kernel").mkdir()
    monkeypatch.setattr(container, "works", lambda: works)
    monkeypatch.setattr(kept, "all_grades", lambda *_: iter(graded))
    monkeypatch.setattr(submission, "gather", lambda *_: [one.submission for one in graded])
    tool.main.callback((tmp_path,), None, None, None, None, None, None, None, None, tmp_path, 1, None)
    assert (f"note: {container.MISSING}" in " ".join(capsys.readouterr().out.split())) is not works
    assert bool(container.container(tmp_path, tmp_path)) is works


def test_what_is_graded_is_reported_after_ctrl_c(graded, tool, monkeypatch, tmp_path, capsys):
    """The tool ends, and the reports have what there is."""
    def two_of_many(*_):
        yield from graded
        raise KeyboardInterrupt

    (tmp_path / "kernel").mkdir()
    monkeypatch.setattr(kept, "all_grades", two_of_many)
    monkeypatch.setattr(submission, "gather", lambda *_: [one.submission for one in graded] * 3)
    with pytest.raises(KeyboardInterrupt):
        tool.main.callback((tmp_path,), None, None, None, None, None, tmp_path / "csv", None, None, tmp_path, 1, None)
    said = capsys.readouterr().out
    assert "1 of 6  23 of 25 points  ada: lost alone; a note" in said and "2 of 6 are graded; the reports have these" in said
    assert (tmp_path / "csv").read_text() == "submission,lab,points,of,lost,notes\nada,4,23,25,alone,a note\nbob,4,23,25,alone,a note\n"


def test_what_costs_all_points_is_said_in_short(graded):
    """A file that is not compiled, for one."""
    results = graded[0].results
    def short(*seen):
        return report.in_short(replace(graded[0], results=[replace(results[0], points=0, loss=grade.Loss("x", text)) for text in seen]))
    assert short("a.c:1: error", "a.c:1: error") == "nothing passed: a.c:1: error; a note" and short("a", "b") == "nothing passed; a note"


def test_a_contradiction_has_its_event():
    """It is looked at, and drawn, and not the end of the run."""
    loss = judge.complaint("rule: [t=12] page_copy va=0x1000 count=0 running=2: evicted", None)
    assert (loss.seen, loss.event) == ("rule: evicted", "[t=12] page_copy va=0x1000 count=0 running=2")


def test_what_is_seen_again_refers_to_the_first(graded):
    results = graded[0].results
    lost = next(result for result in results if result.loss)
    assert grade.first_with(lost.loss, results) == "alone" and grade.first_with(grade.Loss("x", "other"), results) == ""
    again = replace(lost, same="alone")
    assert again.sentence() == "the same as in the check alone. Repeat it with: tools/run x"


# ---- Reports ----

@pytest.fixture
def graded():
    """A grade with a lost point whose reason has characters that the formats must quote."""
    lab = lab_called("cow")
    loss = grade.Loss('the line "a<b>&"', "\x1b]0;<script>alert(1)</script>\x00", "[t=1] exit pid=3")
    return [grade.Grade(Submission(name, lab, {}, ("a note",)),
                        [grade.Result(check, 0, loss, "tools/run x") if check.name == "alone" else grade.Result(check, check.points)
                         for check in lab.check]) for name in ("ada", "bob")]


def test_gradescope_and_classroom(graded):
    one = json.loads(report.as_json(graded[:1], report.gradescope))
    assert one["score"] == 23 and sum(test["max_score"] for test in one["tests"]) == 25
    assert [test["name"] for test in one["tests"] if test["status"] == "failed"] == ["alone"]
    both = json.loads(report.as_json(graded, report.classroom))
    assert list(both) == ["ada", "bob"] and both["ada"]["status"] == "fail" and both["ada"]["max_score"] == 25
    assert [test["score"] for test in both["bob"]["tests"]].count(0) == 1


def test_junit_is_xml(graded):
    root = ElementTree.fromstring(report.junit(graded))
    assert [suite.get("failures") for suite in root] == ["1", "1"]
    required = {"name", "tests", "failures", "errors"}  # as Jenkins' schema junit-10.xsd demands
    assert all(required <= {*suite.keys()} for suite in root) and {suite.get("errors") for suite in root} == {"0"}
    assert "expected the line \"a<b>&\"" in root.find(".//failure").text


def test_html_is_one_page_without_scripts(graded):
    pytest.importorskip("jinja2", reason="python3-jinja2 is not installed")
    page = report.html(graded)
    assert "<script" not in page and "&lt;script&gt;" in page and "http" not in page.replace("http-equiv", "")
    assert page.count("23 of 25") == 4 and page.count("lost alone; a note") == 2 and "2 submissions, 23.0 of 25 points on average" in page
    assert "tools/run x" in page


def test_html_has_the_picture_of_the_run(graded):
    """Drawn in the page itself, and its styles are there once."""
    pytest.importorskip("jinja2", reason="python3-jinja2 is not installed")
    picture = inline(lives([("2 forkmem", [Slice("running", 0, 40)])], [Arrow("exit", 0, 0, 20)]), "what <is> to be seen")
    for grade_of_one in graded:
        grade_of_one.results = [replace(result, picture=picture) if result.loss else result for result in grade_of_one.results]
    page = report.html(graded)
    assert page.count(picture) == 2 and page.count("what &lt;is&gt; to be seen") == 2 and page.count('<pattern id="slant"') == 1
    assert "http" not in page.replace("http-equiv", "")
    kept_words = [kept.words_of(result) for result in graded[0].results]
    assert [kept.result_of(words, graded[0].submission.lab) for words in json.loads(json.dumps(kept_words))] == graded[0].results


@pytest.mark.parametrize("words, sentence", [
    ([], "name a submission"),
    (["--csv", "no/where", "."], "no/where: there is no such folder"),
    (["nosuch"], "nosuch: there is no such submission"),
    (["--lab", "77", "."], "there is no lab 77"),
    (["--mistakes", "entry/x", "--build", "."], "course/entry/mistakes.toml has no x"),
])
def test_bad_input_is_one_sentence(words, sentence, tmp_path):
    (tmp_path / "kernel").mkdir()
    done = children.run([ROOT / "tools/grade", *words], cwd=tmp_path)
    assert done.returncode != 0 and len(done.stdout.splitlines()) == 1 and sentence in done.stdout
