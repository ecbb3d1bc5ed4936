# SPDX-License-Identifier: MIT
"""Kernels with a submission's files: the reference gets the points, the hand-outs boot and say what is missing and get none,
and kernels that pretend get none. The long form is `tools/grade --mistakes all`."""

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from ucow import LabError, children
from ucow.build import options_of
from ucow.course import container, grade
from ucow.course.answers import answer
from ucow.course.judge import judge
from ucow.course.lab import lab_called, labs
from ucow.course.regions import regions_of, replaced
from ucow.course.submission import Submission
from ucow.course.wrong import wrongs
from ucow.machine import Machine
from ucow.mistakes import compile_command, without_dependencies
from ucow.verdict import BANNER

COW = "kernel/mm/copy_range_cow.c"
SECONDS = 6
IN_A_CONTAINER = pytest.mark.skipif(not container.works(), reason="bubblewrap is not installed, or may make no container here")


@pytest.fixture(scope="module")
def builds(build):
    if not build_has_default_policies(build):
        pytest.skip("only the kernel with the default policies is graded here")
    return grade.Builds(Path("/nonexistent"), build)


def build_has_default_policies(build):
    options = options_of(build)
    return options["cow"] and options["trace"] and options["debug_checks"] and not any(
        options[name] for name in ("kasan", "ubsan", "races", "inject", "stack_protector", "kcfi"))


def lost(submission, builds, *names):
    return grade.grade(submission, builds, names, SECONDS)


def test_reference_gets_the_points(builds, build):
    if options_of(build)["tables"] == "shared":
        pytest.skip("lab 4 is done with -Dtables=copied: a shared table is taken back whole, not page by page")
    graded = lost(grade.reference(lab_called("cow")), builds, "write", "alone", "clean")
    assert [result.sentence() for result in graded.results] == ["", "", ""] and graded.points == 7


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.name)
def test_stubs_are_clean_c(lab, build, tmp_path):
    """The hand-out's files compile without a warning: they are errors in a build."""
    for i, (file, text) in enumerate(lab.handed_out.items()):
        try:
            command, source, made = compile_command(build, file)
        except LabError:
            continue  # a policy that this build does not have
        (tmp_path / f"{i}.c").write_text(text)
        words = [{source: str(tmp_path / f"{i}.c"), made: "/dev/null"}.get(word, word) for word in without_dependencies(command)]
        done = subprocess.run([*words, "-fsyntax-only"], cwd=build, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), shlex.join(words)


# What the first run of a hand-out says, by the program that is run.
FIRST = {"entry": "trap_frame_user()", "first": "load_icode()", "fork": "do_fork()", "cow": "share_run()", "wait": "do_wait()"}


@pytest.mark.parametrize("lab", [lab for lab in labs() if lab.name in FIRST], ids=lambda lab: lab.name)
def test_handout_boots_and_says_what_is_missing(lab, builds, tmp_path):
    kernels = grade.Kernels(grade.empty(lab), builds, tmp_path)
    run = Machine(kernels.linked(True), ["exit"]).run(60)
    run.close()
    assert run.lines.count(BANNER) == 1
    line = next(line for line in run.lines if line.startswith("exercise: "))
    assert line.startswith(f"exercise: lab {lab.number}, {FIRST[lab.name]} in ") and line.endswith(" is not written yet")
    assert run.status == 35, f"status {run.status}: a clear end, no crash"
    result = grade.examine(lab.check[0], kernels, SECONDS)
    kernels.close()
    assert result.points == 0 and result.sentence().startswith("exercise: lab ")


def with_stubs(lab, file, stubs):
    """The reference without the regions that have one of these stubs."""
    text = lab.source(file)
    solved = {region.name: "\n".join(text.split("\n")[region.first + 1:region.last]) for region in regions_of(text, file)}
    return replaced(text, file, lab.number, {**solved, **stubs})


def test_a_step_ends_as_the_text_says(builds, tmp_path):
    """Lab 5 after its third step, without hand_over_children() and do_kill(), which the rehearsal needs."""
    lab = lab_called("wait")
    words = re.search(r"^3\. .*`tools/run (.*)hello` ends with `(.*)`, ", (lab.folder / "text.md").read_text(), re.MULTILINE)
    missing = {name: lab.stubs[name] for name in ("hand_over_children", "do_kill")}
    kernels = grade.Kernels(Submission("s", lab, {file: with_stubs(lab, file, missing) for file in lab.files}), builds, tmp_path)
    run = Machine(kernels.linked(True), ["hello"], options=words[1].split() or ["rehearse=on"]).run(60)
    run.close()
    kernels.close()
    assert (run.status, run.lines.lines[-1]) == (33, words[2])


def test_a_kernel_that_prints_what_is_expected_gets_nothing(builds):
    """It also ends with status 33."""
    lab = lab_called("cow")
    wrong = next(wrong for wrong in wrongs(lab) if wrong.name == "prints")
    graded = lost(wrong.submission(lab), builds, "read")
    assert graded.points == 0 and 'seen "forkmem: ' in graded.results[0].sentence()


@pytest.mark.parametrize("kernel", ["hang", "flood", "honest", "late_panic", "leak", "panic", "reset", "restart", "silent",
                                    "triple_fault", "truncated", "wrong_status"])
def test_kernels_that_are_none_get_nothing(kernel, build):
    """Judged like a submission's kernel: each loses, also the one that prints all that a good run prints."""
    elf = build / f"test/serial/sabotage/{kernel}.elf"
    run = Machine(elf, ["forkmem", "read", "7"], limits=["prlimit", "--cpu=1"]).run(120)
    try:
        assert judge("lines", "read", run, answer("forkmem", "read", 7)) is not None
    finally:
        run.close()


def test_a_lost_point_has_the_picture_of_its_run(builds):
    """The processes until the event that the reason names; of checks in which the same was seen, the first has it."""
    lab = lab_called("cow")
    text = lab.source(COW)
    graded = lost(Submission("copies", lab, {COW: text.replace("if (swap_page_is_sole(page)) {", "if (0) {", 1)}), builds, "read", "rules")
    read, rules = graded.results
    assert read.points == read.check.points and not read.picture
    assert rules.loss and ">2 forkmem</text>" in rules.picture and rules.picture.count("\N{BLACK DOWN-POINTING TRIANGLE}") == 1
    assert f"<title>what the processes did until {rules.loss.event}</title>" in rules.picture
    assert grade.drawn(FakeRun(), rules.loss) == ""


class FakeRun:
    """A machine whose memory has no trace."""
    @property
    def trace(self):
        raise LabError("no trace")


def test_a_kernel_that_does_not_build_says_where(builds):
    lab = lab_called("cow")
    text = lab.source(COW).replace("page_drop(page);", "page_dorp(page);", 1)
    graded = lost(Submission("s", lab, {COW: text}), builds, "read")
    assert graded.points == 0 and f"seen {COW}:" in graded.results[0].sentence() and "page_dorp" in graded.results[0].sentence()


@IN_A_CONTAINER
def test_the_compiler_sees_no_one_s_files(builds, tmp_path):
    """A macro hides the name of a teacher's file, which the error would quote; without a container it does."""
    secret = tmp_path / "secret"
    secret.write_text("the_solution_is_here;\n")
    text = lab_called("cow").source(COW) + f'\n#define FILE_NAME "{secret}"\n#include FILE_NAME\n'
    graded = lost(Submission("curious", lab_called("cow"), {COW: text}), builds, "read")
    seen = graded.results[0].loss.seen
    assert graded.points == 0 and "file not found" in seen and "the_solution_is_here" not in seen, seen


@IN_A_CONTAINER
@pytest.mark.parametrize("script", [
    "open('/etc/passwd')",
    "open(ROOT + '/x', 'w')",
    "open(BUILD + '/x', 'w')",
    "open('/x', 'w')",
    "import socket; socket.create_connection(('127.0.0.1', PORT), 9)",
    "import os; os.kill(PID, 0)",
    "import os; os.environ['UCOW_TOKEN']",
], ids=["reads", "writes to the tree", "writes to the build", "writes elsewhere", "network", "processes", "environment"])
def test_what_a_compiler_may_not_do(script, build, tmp_path, monkeypatch):
    """Each script works outside of the container."""
    monkeypatch.setenv("UCOW_TOKEN", "secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        names = {"ROOT": str(tmp_path), "BUILD": str(tmp_path), "PORT": server.getsockname()[1], "PID": os.getpid()}
        if script != "open('/x', 'w')":
            exec(script, names)  # pylint: disable=exec-used
        names |= {"ROOT": str(ROOT), "BUILD": str(build)}
        values = "".join(f"{name} = {value!r}; " for name, value in names.items() if name.isupper())
        done = children.run([*container.container(build, tmp_path), "python3", "-c", f"{values}{script}"])
    assert done.returncode == 1 and "Error: " in done.stdout.splitlines()[-1], done.stdout


@IN_A_CONTAINER
def test_a_compiler_owns_nothing_and_writes_to_its_folder(build, tmp_path):
    words = [*container.container(build, tmp_path), "sh", "-c", f"id -u; echo 7 > {shlex.quote(str(tmp_path / 'made'))}; echo > /tmp/own"]
    assert (children.run(words).stdout, (tmp_path / "made").read_text()) == ("65534\n", "7\n")
