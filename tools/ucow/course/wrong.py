# SPDX-License-Identifier: MIT
"""Typical wrong solutions: course/NAME/mistakes.toml says what each loses, and which message it gets."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from .. import LabError
from ..pools import Threads
from .grade import Builds, Grade, grade
from .lab import Lab, lab_called, labs
from .submission import Submission


@dataclass(frozen=True)
class Wrong:
    """A wrong solution: in the reference's `file`, `old` is replaced by `new`. It loses the checks `loses`, and one of the
    reasons has the words `says`. "all" stands for all checks. Whether it loses those of `may`
    depends on the number that is drawn: memory is overwritten, say."""
    name: str
    what: str
    file: str
    old: str
    new: str
    loses: Sequence[str]
    says: str
    may: Sequence[str] = ()

    def submission(self, lab: Lab) -> Submission:
        """The reference with the mistake."""
        text = lab.source(self.file)
        if text.count(self.old) != 1:
            raise LabError(f"course/{lab.name}/mistakes.toml: `old` of {self.name} stands {text.count(self.old)} times in "
                           f"{self.file}; quote the lines as they are now")
        files = {file: text.replace(self.old, self.new) if file == self.file else lab.source(file) for file in lab.files}
        return Submission(self.name, lab, files)

    def missing(self, graded: Grade) -> list[str]:
        """What is not as the list says; [] means it is."""
        wrong = []
        loses = [check.name for check in graded.submission.lab.check] if list(self.loses) == ["all"] else self.loses
        if not set(loses) <= set(graded.lost) <= {*loses, *self.may}:
            wrong.append(f"it loses {' '.join(graded.lost) or 'nothing'}, not {' '.join(loses)}"
                         + (f" and perhaps {' '.join(self.may)}" if self.may else ""))
        if not any(self.says in result.sentence() for result in graded.results):
            wrong.append(f"no reason says {self.says!r}")
        return wrong


def wrongs(lab: Lab) -> list[Wrong]:
    """The list of a lab; [] if there is none."""
    if not (lab.folder / "mistakes.toml").is_file():
        return []
    with (lab.folder / "mistakes.toml").open("rb") as file:
        return [Wrong(**entry) for entry in tomllib.load(file)["mistake"]]


def compare(word: str, builds: Builds, jobs: int, console: Console) -> bool:
    """Grade the wrong solutions of a lab, or of "all"; LAB/NAME is one. Returns whether all is as the lists say."""
    word, _, name = word.partition("/")
    passed = True
    for lab in labs() if word == "all" else [lab_called(word)]:
        listed = [wrong for wrong in wrongs(lab) if name in ("", wrong.name)]
        if not listed and (name or word != "all"):
            raise LabError(f"course/{lab.name}/mistakes.toml has no {name or 'entry'}")
        for checked in (True, False):
            builds.of(lab, checked)
        with Threads(jobs) as pool:
            for wrong, graded in zip(listed, pool.map(lambda wrong, lab=lab: grade(wrong.submission(lab), builds), listed)):
                missing = wrong.missing(graded)
                console.print(f"lab {lab.number} {wrong.name}: {graded.points} of {lab.points}: {wrong.what}"
                              f"\n    loses {' '.join(graded.lost)}", markup=False, highlight=False)
                reasons = [result.sentence() for result in graded.results if result.loss]
                for reason in reasons if missing else [reason for reason in reasons if wrong.says in reason][:1]:
                    console.print(f"    {reason}", markup=False, highlight=False)
                if missing:
                    passed = False
                    console.print("    " + "; ".join(missing), style="red", markup=False, highlight=False)
    return passed
