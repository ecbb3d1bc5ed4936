# SPDX-License-Identifier: MIT
"""Grades in a file, one a line, written as each is made: a run of many that was ended goes on where it was.

A grade counts only for the same files of the submission, the same lab, and the same grader and kernels.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import LabError
from ..build import KERNEL
from ..pools import Threads
from .grade import Builds, Grade, Result, grade
from .judge import Loss
from .lab import Lab
from .submission import Submission


class Kept:
    """The grades in `file`, which is made if it is not there; without a file nothing is kept."""

    def __init__(self, file: Path | None, builds: Builds) -> None:
        self.builds, self._file = builds, file
        self._lock = threading.Lock()
        self._graders: dict[str, bytes] = {}
        self._grades: dict[str, list[Any]] = {}
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines() if file and file.exists() else [], 1):
            try:
                entry = json.loads(line)
                self._grades[entry["key"]] = entry["results"]
            except (ValueError, KeyError, TypeError):
                raise LabError(f"{file}:{number} is no grade: name a file that --resume has written, or a new one") from None

    def grade(self, submission: Submission) -> Grade:
        """The grade of a submission: the one that is kept, or a new one, which is kept from now on."""
        if self._file is None or submission.refused:
            return grade(submission, self.builds)
        key = self.key(submission)
        if key in self._grades:
            return Grade(submission, [result_of(words, submission.lab) for words in self._grades[key]])
        made = grade(submission, self.builds)
        line = json.dumps({"key": key, "name": submission.name, "results": [words_of(result) for result in made.results]})
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return made

    def key(self, submission: Submission) -> str:
        """What a grade depends on, as a short text."""
        texts = [f"{file}\0{text}\0" for file, text in sorted(submission.files.items())]
        return hashlib.sha256(self._grader(submission.lab) + "".join(texts).encode()).hexdigest()

    def _grader(self, lab: Lab) -> bytes:
        """The same of the lab, the grader, and the kernels without the submission's files."""
        with self._lock:
            if lab.name not in self._graders:
                files = [lab.folder / "lab.toml", *(Path(__file__).with_name(name) for name in ("answers.py", "grade.py", "judge.py")),
                         *(self.builds.of(lab, checked) / KERNEL for checked in (True, False))]
                self._graders[lab.name] = hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
            return self._graders[lab.name]


def all_grades(submissions: Sequence[Submission], kept: Kept, jobs: int) -> Iterator[Grade]:
    """Grade many, several at a time; in order."""
    for submission in submissions:
        if not submission.refused:
            for checked in (True, False):
                kept.builds.of(submission.lab, checked)  # made before the threads want them
    with Threads(jobs) as pool:
        yield from pool.map(kept.grade, submissions)


def words_of(result: Result) -> dict[str, Any]:
    """A result without the text of its check."""
    return {"check": result.check.name, "points": result.points, "loss": asdict(result.loss) if result.loss else None,
            "command": result.command, "same": result.same, "picture": result.picture}


def result_of(words: Any, lab: Lab) -> Result:
    """The result that words_of() has made words of."""
    check = next(check for check in lab.check if check.name == words["check"])
    return Result(check, words["points"], Loss(**words["loss"]) if words["loss"] else None, words["command"], words["same"],
                  words["picture"])
