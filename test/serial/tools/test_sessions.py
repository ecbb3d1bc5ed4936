# SPDX-License-Identifier: MIT
"""The sessions that the documents show: each command is run, and prints what the page says (tools/ucow/sessions.py).

The pages show a kernel with the default options, compiled by clang 14: another one has other events.
"""

import json
import re

import pytest
from conftest import ROOT
from ucow import LabError
from ucow.sessions import Sessions, Step, steps

pytestmark = pytest.mark.skipif(not (ROOT / "docs/follow").exists(), reason="a hand-out does not have these pages")
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```console" in page.read_text(encoding="utf-8")]


def need_default(build):
    """Skip the test unless the build is the one that the pages show."""
    described = json.loads((build.folder / "meson-info/intro-buildoptions.json").read_text())
    values = {option["name"]: option["value"] for option in described}
    defaults = re.findall(r"^option\('(\w+)'.*?value: '?(\w+)", (ROOT / "meson_options.txt").read_text(), re.MULTILINE | re.DOTALL)
    for name, default in [("buildtype", "debugoptimized"), *defaults]:
        if str(values[name]).lower() != default:
            pytest.skip(f"the pages show a build with {name}={default}")


@pytest.fixture(scope="module")
def sessions(build, tmp_path_factory):
    need_default(build)
    made = Sessions(build.folder, tmp_path_factory.mktemp("sessions"))
    if " cc=clang-14." not in "\n".join(made.printed("tools/run --ram build/exit.ram exit")):
        pytest.skip("the pages show what clang 14 compiled")
    return made


def test_pages_are_found():
    assert {"syscall.md", "fork.md", "fault.md", "exec.md", "death.md", "swap.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_session(page, sessions):
    """If the kernel now prints something else, read whether the text is still right, and then `tools/site --renew`."""
    for step in steps(page.read_text(encoding="utf-8")):
        differs = step.differs(sessions.printed(step.command))
        assert not differs, f"{page.relative_to(ROOT)}: {differs}"


PRINTED = ["[t=12] fork parent=2 child=3 flags=0x0 running=2", "[t=15] fault pid=3 va=0xaffff000 eip=0x800370 running=3"]


@pytest.mark.parametrize("shown, right", [
    ([], True), (PRINTED, True), ([PRINTED[0], "..."], True), (["..."], True),
    ([PRINTED[0].replace("12", "99"), PRINTED[1].replace("0370", "0400")], True),
    (PRINTED[:1], False), (PRINTED[1:], False), ([*PRINTED, PRINTED[1]], False),
    ([PRINTED[0].replace("child=3", "child=4"), "..."], False), ([PRINTED[1], "..."], False),
], ids=["nothing", "all", "beginning", "rest", "varies", "too-few", "wrong-end", "too-many", "other-child", "other-order"])
def test_what_differs(shown, right):
    assert (Step("tools/trace x", shown).differs(PRINTED) == "") == right


def test_a_command_in_two_lines(tmp_path):
    [step] = steps("```console\n$ tools/trace --last 3 \\\n    build/x\n[t=1] boot\n```\n")
    assert step.shown == ["[t=1] boot"]
    assert Sessions(tmp_path, tmp_path).words(step.command)[-3:] == ["--last", "3", f"{tmp_path}/x"]


def test_a_session_needs_a_command():
    with pytest.raises(LabError, match="begins without a command: output"):
        list(steps("```console\noutput\n```\n"))


def test_a_command_that_fails(build, tmp_path):
    with pytest.raises(LabError, match="tools/trace build/nothing: status 1"):
        Sessions(build.folder, tmp_path).printed("tools/trace build/nothing")


def test_renewed(tmp_path, monkeypatch):
    """Only lines that a page shows are written, as many as it shows."""
    monkeypatch.setattr(Sessions, "printed", lambda self, command: [f"{command} 1", f"{command} 2"])
    page = "```console\n$ a\n$ b\nold\n$ c\nold\n...\n```\nThe end.\n"
    assert Sessions(tmp_path, tmp_path).renewed(page) == \
        "```console\n$ a\n$ b\nb 1\nb 2\n$ c\nc 1\n...\n```\nThe end.\n"
