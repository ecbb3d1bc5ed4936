# SPDX-License-Identifier: MIT
"""What students hand in: a tree, or a patch against the hand-out. Only the lab's files are taken from it."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import LabError, children
from ..build import ROOT
from .handout import TEXT, is_omitted, tracked
from .lab import Lab, lab_called, labs
from .regions import outside

PATCHES = (".patch", ".diff")
FILE_BYTES_MAX = 1 << 20
NOTED_MAX = 5
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
FORBIDDEN = {
    r"\b(__asm__|__asm|asm)\b": "uses assembler, which only kernel/arch may",
    r"(#|%:)\s*(include_next|import|embed|pragma\s+clang\s+module)\b": "includes what is not in this tree",
    r"\b__(has_)?(include|embed)\w*\s*\(": "looks for files of the grader",
}
CONTINUED = re.compile(r"\\[^\S\n]*\n")
INCLUDE = re.compile(r"^[^\S\n]*(?:#|%:)[^\S\n]*include\b[^\S\n]*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Submission:
    """One student's work: the text of each of the lab's files, or why there is none; and what else is to be said."""
    name: str
    lab: Lab
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()
    refused: str = ""


def found_in(path: Path) -> list[Path]:
    """The submissions at a path: itself, or all trees and patches of a folder."""
    if not path.exists():
        raise LabError(f"{path}: there is no such submission")
    if path.is_file() or (path / "kernel").is_dir():
        return [path]
    inside = sorted(entry for entry in path.iterdir()
                    if entry.suffix in PATCHES or entry.is_dir() and (entry / "kernel").is_dir())
    if not inside:
        raise LabError(f"{path} is no tree of ucow, and has none in it and no patch (*.patch, *.diff) either")
    return inside


def gather(places: Sequence[Path], word: str | None) -> list[Submission]:
    """All submissions at the places. One of many that cannot be read is refused, and does not hold up the others."""
    paths = [path for place in places for path in found_in(place)]
    tried = [attempt(path, word) for path in paths]
    known = {one.lab.name: one.lab for one in tried if isinstance(one, Submission)}
    made = []
    for path, one in zip(paths, tried):
        if isinstance(one, LabError):
            if len(paths) == 1 or len(known) != 1:  # which lab it is for is not known
                raise one
            lab = next(iter(known.values()))
            again = attempt(path, lab.name)
            one = again if isinstance(again, Submission) else Submission(path.stem, lab, {}, refused=str(again))
        made.append(one)
    names = Counter(one.name for one in made)
    return [replace(one, name=str(path)) if names[one.name] > 1 else one for path, one in zip(paths, made)]


def attempt(path: Path, word: str | None) -> Submission | LabError:
    """The submission at a path, or why it cannot be read."""
    try:
        return read(path, word)
    except LabError as error:
        return error
    except OSError as error:
        return LabError(f"{error.filename}: {error.strerror}")


def passed_over(places: Sequence[Path]) -> list[str]:
    """What lies in a folder of many and is no submission."""
    folders = [place for place in places if place.is_dir() and not (place / "kernel").is_dir()]
    return sorted(entry.name for folder in folders for entry in folder.iterdir() if entry not in found_in(folder))


def read(path: Path, word: str | None) -> Submission:
    """The submission at a path, for the lab called `word`, or the one that it is for."""
    if path.is_dir():
        lab = lab_called(word) if word else lab_of_tree(path)
        return of_tree(path, lab)
    return of_patch(path, word)


def lab_of_tree(tree: Path) -> Lab:
    """The lab whose hand-out a tree is."""
    text = tree / TEXT
    found = re.match(r"# Lab ([0-9]+):", text.read_text(encoding="utf-8", errors="replace")) if text.is_file() else None
    if not found:
        raise LabError(f"{tree} has no {TEXT} that says which lab it is for: name it with --lab")
    return lab_called(found[1])


def judged(name: str, lab: Lab, files: dict[str, str], notes: list[str]) -> Submission:
    """A submission, unless its files do what they must not."""
    for file, text in files.items():
        lines = CONTINUED.sub("", text)
        code = COMMENT_OR_STRING.sub(lambda found: '""' if found[0][0] == '"' else "\n" * found[0].count("\n"), lines)
        for pattern, what in FORBIDDEN.items():
            if found := re.search(pattern, code):
                line = code.count("\n", 0, found.start()) + 1
                return Submission(name, lab, {}, tuple(notes), f"{file}:{line} {what}")
        for include in INCLUDE.findall(COMMENT_OR_STRING.sub(lambda found: found[0] if found[0][0] == '"' else " ", lines)):
            if not re.match(r'(<\w[\w/.]*>|"\w[\w/.]*")\s*$', include) or ".." in include:
                return Submission(name, lab, {}, tuple(notes), f"{file} includes {include.strip()}, which is not in this tree")
        try:
            if outside(text, file, lab.number) != outside(lab.source(file), file, lab.number):
                notes.append(f"{file} is changed outside of the lab's regions, too: taken as it is")
        except LabError as error:
            notes.append(f"its markers are not those of the hand-out ({error}): taken as it is")
    return Submission(name, lab, files, tuple(notes))


def ignored(names: list[str]) -> list[str]:
    """The note about changed files that do not count."""
    if not names:
        return []
    more = f" and {len(names) - NOTED_MAX} more" if len(names) > NOTED_MAX else ""
    return [f"changed, and not taken: {', '.join(names[:NOTED_MAX])}{more}; tests, tools and the rest of the kernel are the teacher's"]


def of_tree(tree: Path, lab: Lab) -> Submission:
    """The submission that is a tree."""
    name = tree.resolve().name  # also of "."
    files: dict[str, str] = {}
    for file in lab.files:
        path = tree / file
        if not path.is_file() or not path.resolve().is_relative_to(tree.resolve()):
            return Submission(name, lab, {}, refused=f"{file} is missing in it")
        if path.stat().st_size > FILE_BYTES_MAX:
            return Submission(name, lab, {}, refused=f"{file} has more than {FILE_BYTES_MAX} bytes")
        files[file] = path.read_text(encoding="utf-8", errors="replace")
    changed = [file for file in tracked() if file not in lab.files and not is_omitted(file, lab)
               and not file.startswith("docs/") and not file.endswith(".md") and differs(tree / file, ROOT / file)]
    return judged(name, lab, files, ignored(changed))


def differs(theirs: Path, mine: Path) -> bool:
    """Whether a file is there and is another one."""
    if mine.is_symlink() or not mine.is_file() or not theirs.is_file() or theirs.is_symlink():
        return False
    return theirs.stat().st_size != mine.stat().st_size or theirs.read_bytes() != mine.read_bytes()


def of_patch(patch: Path, word: str | None) -> Submission:
    """The submission that is a patch: it is applied to the hand-out's files."""
    if patch.stat().st_size > FILE_BYTES_MAX:
        raise LabError(f"{patch} has more than {FILE_BYTES_MAX} bytes")
    with children.Scratch() as scratch:
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(Path(scratch).parent)}
        listed = children.run(["git", "apply", "--numstat", patch.absolute()], cwd=scratch, env=environment)
        touched = [line.split("\t", 2)[2] for line in listed.stdout.splitlines() if line.count("\t") >= 2]
        if listed.returncode != 0 or not touched:
            raise LabError(f"{patch} is no patch that git reads: make it with `git diff` in the hand-out")
        lab = lab_called(word) if word else lab_of_files(patch, touched)
        for file, text in lab.handed_out.items():
            Path(scratch, file).parent.mkdir(parents=True, exist_ok=True)
            Path(scratch, file).write_text(text, encoding="utf-8")
        only = [f"--include={file}" for file in lab.files]
        done = children.run(["git", "apply", *only, patch.absolute()], cwd=scratch, env=environment)
        if done.returncode != 0:
            return Submission(patch.stem, lab, {}, refused="the patch does not fit the hand-out: " + done.stdout.splitlines()[0])
        files = {}
        for file in lab.files:
            path = Path(scratch, file)
            if path.is_symlink() or not path.is_file():
                return Submission(patch.stem, lab, {}, refused=f"the patch removes {file}")
            files[file] = path.read_text(encoding="utf-8", errors="replace")
    return judged(patch.stem, lab, files, ignored([name for name in touched if name not in lab.files]))


def lab_of_files(patch: Path, touched: list[str]) -> Lab:
    """The lab whose files a patch changes."""
    fitting = [lab for lab in labs() if set(lab.files) & set(touched)]
    if len(fitting) != 1:
        raise LabError(f"{patch} does not say which lab it is for: name it with --lab")
    return fitting[0]
