# SPDX-License-Identifier: MIT
"""What the documents show of runs: each command prints what the page says (tools/ucow/sessions.py), and each part of a picture is
drawn again from the kernel that it shows (tools/ucow/pictures.py).

The pages show a kernel with the default options, compiled by clang 14: another one has other events. Two parts of pictures show
other options; the configurations `eager` and `tables_copied` of tools/matrix check these.
"""

import json
import re

import pytest
from conftest import ROOT
from ucow import LabError
from ucow.pictures import FOLDER, PICTURES, file_of, stale
from ucow.sessions import Sessions, Step, steps

pytestmark = pytest.mark.skipif(not (ROOT / "docs/follow").exists(), reason="a hand-out does not have these pages")
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```console" in page.read_text(encoding="utf-8")]


def need_default(build, **others: str):
    """Skip the test unless the build is the one that the pages show: it has the default options but for these."""
    described = json.loads((build.folder / "meson-info/intro-buildoptions.json").read_text())
    values = {option["name"]: option["value"] for option in described}
    defaults = re.findall(r"^option\('(\w+)'.*?value: '?(\w+)", (ROOT / "meson_options.txt").read_text(), re.MULTILINE | re.DOTALL)
    for name, default in ({"buildtype": "debugoptimized"} | dict(defaults) | others).items():
        if str(values[name]).lower() != default:
            pytest.skip(f"the pages show a build with {name}={default}")


@pytest.fixture(scope="module")
def clang14(build):
    if b" cc=clang-14." not in build.kernel.read_bytes():
        pytest.skip("the pages show what clang 14 compiled")


@pytest.fixture(scope="module")
def sessions(build, clang14, tmp_path_factory):
    need_default(build)
    return Sessions(build.folder, tmp_path_factory.mktemp("sessions"))


def test_pages_are_found():
    assert {"syscall.md", "fork.md", "fault.md", "exec.md", "death.md", "swap.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_session(page, sessions):
    """If the kernel now prints something else, read whether the text is still right, and then `tools/site --renew`."""
    for step in steps(page.read_text(encoding="utf-8")):
        differs = step.differs(sessions.printed(step.command))
        assert not differs, f"{page.relative_to(ROOT)}: {differs}"


@pytest.mark.parametrize("one, part", [(one, part) for one in PICTURES for part in one.parts], ids=lambda value: getattr(value, "name", ""))
def test_picture(one, part, build, clang14):
    """If a run now draws something else, read whether the text is still right, and then `tools/site --renew`."""
    need_default(build, **part.options)
    assert not (why := stale(one, part, build.kernel)), why


def test_pictures_are_shown():
    """Each picture is in a document, with words for those who do not see it; README has one."""
    text = {page: page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]}
    assert "](docs/pictures/" in text[ROOT / "README.md"]
    assert sorted(FOLDER.iterdir()) == sorted(map(file_of, PICTURES))
    for one in PICTURES:
        assert any(re.search(rf"!\[[^\]]{{20,}}\]\([^)]*pictures/{one.name}\.svg\)", page) for page in text.values()), one.name


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
