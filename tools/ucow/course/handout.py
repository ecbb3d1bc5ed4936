# SPDX-License-Identifier: MIT
"""Hand-outs: the tree with a lab's regions replaced by stubs, without what would give the lab away."""

import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from .. import LabError, children
from ..build import ROOT
from .lab import Lab

TEXT = "EXERCISE.md"  # the lab's text in a hand-out
# What a hand-out does not have: answers, quotations of the sources, tests that show how a function works, reports.
OMITTED = (
    ".ci", ".github", "CHANGELOG.md", "course", "docs/exercises.md", "docs/failures.md", "docs/mistakes.md", "docs/decisions", "docs/reports",
    "docs/follow", "docs/mkdocs.yml", "docs/site.css", "docs/zh",
    "test/broken.toml", "test/course", "test/coverage.toml", "test/fuzz", "test/mistakes.toml", "test/model/life.h", "test/model/meson.build", "test/model/protocol.pml", "test/mutants.toml", "test/serial/course",
    "test/style", "test/unit", "tools/broken", "tools/grade", "tools/handout", "tools/mistakes", "tools/mutate", "tools/site",
    "tools/ucow/course", "tools/ucow/site.py",
)
LINK = re.compile(r"\[([^\]\[]*)\]\(([^)#\s]+)(?:#[^)]*)?\)")  # its text, and the file without the place in it
AUTHOR = {"GIT_AUTHOR_NAME": "ucow", "GIT_AUTHOR_EMAIL": "ucow@localhost", "GIT_COMMITTER_NAME": "ucow",
          "GIT_COMMITTER_EMAIL": "ucow@localhost", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def tracked() -> list[str]:
    """The files of this tree: those that git knows, or all but build directories if this is no git repository."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        done = children.run(["git", "-C", ROOT, "ls-files", "-z"])  # with the user's settings: the tree may be another user's
        if done.returncode == 0:
            return [name for name in done.stdout.split("\0") if name and os.path.lexists(ROOT / name)]
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if not path.is_dir() or path.is_symlink())
    return [str(path) for path in found if not path.parts[0].startswith(("build", ".git"))
            and "__pycache__" not in path.parts] + [".gitignore"]


def git(folder: Path, *words: str) -> str:
    """Run git in a folder; the error has its output."""
    if shutil.which("git") is None:
        raise LabError("git is not installed: apt-get install git")
    done = children.run(["git", "-C", folder, *words], env={**os.environ, **AUTHOR})
    if done.returncode != 0:
        raise LabError(f"git {words[0]} failed in {folder}: {done.stdout.strip()}")
    return done.stdout


def unlinked(text: str, name: str, names: Collection[str]) -> str:
    """The text of the document `name` without its links to files and folders that are not among `names`."""
    def kept(link: re.Match[str]) -> str:
        target = os.path.normpath(os.path.join(os.path.dirname(name), link[2]))
        here = target in names or target == "." or any(other.startswith(target + "/") for other in names)
        return link[0] if here or ":" in link[2] or target.startswith("..") else link[1]
    return LINK.sub(kept, text)


def is_omitted(name: str, lab: Lab) -> bool:
    """Whether a file of the tree is not for the students of this lab."""
    return any(name == omitted or name.startswith(omitted + "/") for omitted in (*OMITTED, *lab.omit))


def write(lab: Lab, folder: Path) -> int:
    """Make the hand-out in `folder`, which must not exist yet. Returns the number of its files."""
    if os.path.lexists(folder):
        raise LabError(f"{folder} exists already: name a new folder")
    changed = lab.handed_out
    text = (lab.folder / "text.md").read_text(encoding="utf-8").replace("](../../", "](")  # it stands in the root there
    names = [name for name in tracked() if not is_omitted(name, lab)]
    here = {*names, TEXT}
    folder.mkdir(parents=True)
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".md"):
                page = (ROOT / name).read_text(encoding="utf-8")
                (folder / name).write_text(unlinked(page, name, here), encoding="utf-8")
            else:
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
        for name, source in changed.items():
            (folder / name).write_text(source, encoding="utf-8")
        (folder / TEXT).write_text(text, encoding="utf-8")
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"lab {lab.number}: {lab.title}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return len(names) + 1
