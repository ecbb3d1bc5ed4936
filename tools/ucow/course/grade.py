# SPDX-License-Identifier: MIT
"""Grades a submission: links kernels with its files, boots them for the lab's checks, and counts points.

A kernel with the submission's files is linked from a build of this tree, which has everything else. It runs in QEMU
only. Compiler and linker run in a container (container.py) where that is possible. They and QEMU have limits of CPU time,
memory and file size: seconds of CPU, not of the clock, so that a busy machine gives the same points.
"""

import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import LabError, children
from ..build import ROOT, built, options_of
from ..drawing import inline
from ..lifelines import lifelines_until
from ..machine import Machine, Run, size_bytes
from ..mistakes import link_with
from .answers import answer
from .container import container
from .judge import FIRST, TIME_UP, Loss, judge
from .lab import Check, Lab
from .submission import Submission

BUILD_LIMITS = ("prlimit", "--cpu=60", "--as=4294967296", "--fsize=268435456", "--nproc=4096")
RUN_SECONDS = 6  # of CPU; a run takes less than one
RUN_SECONDS_LATER = 2  # once a run has used up its time
CLOCK_SECONDS = 600  # the backstop
TRACE_KIB = 2048
FILE_BYTES = 300 << 20  # of a machine's memory and of its serial output


@dataclass(frozen=True)
class Result:
    """What came of one check: its points, and why they are lost: as in the check `same`, or by itself if that is ""."""
    check: Check
    points: int
    loss: Loss | None = None
    command: str = ""
    same: str = ""
    picture: str = ""  # of its run until the loss, as SVG in a page of HTML

    def sentence(self) -> str:
        """The reason in words; "" if all points are there."""
        if self.loss is None:
            return ""
        if self.loss.seen.startswith("exercise: "):
            return self.loss.seen
        if self.same:
            return f"the same as in the check {self.same}." + (f" Repeat it with: {self.command}" if self.command else "")
        if not self.command:
            return f"expected {self.loss.expected}; seen {self.loss.seen}"
        event = f" at the event {self.loss.event}" if self.loss.event else ""
        return (f"expected {self.loss.expected}; seen {self.loss.seen}{event}. Look at {self.check.where}: {self.check.hint}."
                f" Repeat it with: {self.command}")


@dataclass
class Grade:
    """What a submission gets."""
    submission: Submission
    results: list[Result] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The sum."""
        return sum(result.points for result in self.results)

    @property
    def lost(self) -> list[str]:
        """The names of the checks that failed."""
        return [result.check.name for result in self.results if result.loss]


class Builds:
    """Builds of this tree, made when they are first needed in a folder; or one build, up to date, for all checks."""

    def __init__(self, folder: Path, only: Path | None = None) -> None:
        self.folder, self.only = folder, only
        self._made: set[Path] = set()

    def of(self, lab: Lab, checked: bool) -> Path:
        """The build for a lab: with the kernel's checks or without."""
        if self.only:
            return self.only
        options = [*lab.options, *([] if checked else ["-Ddebug_checks=false"])]
        build = (self.folder / re.sub(r"\W+", "_", "_".join(option.removeprefix("-D") for option in options) or "default")).resolve()
        if build not in self._made:
            built(build, options)
            self._made.add(build)
        return build


def number() -> int:
    """A number for a program's argument, drawn anew for each run."""
    return 1 + secrets.randbelow(900_000)


def grade(submission: Submission, builds: Builds, names: Sequence[str] = (), seconds: int = RUN_SECONDS) -> Grade:
    """Grade a submission by the checks with these names, or all."""
    made = Grade(submission)
    checks = [check for check in submission.lab.check if not names or check.name in names]
    if submission.refused:
        made.results = [Result(check, 0, Loss("a submission that can be built", submission.refused), same=checks[0].name if i else "")
                        for i, check in enumerate(checks)]
        return made
    with children.Scratch() as scratch:
        kernels = Kernels(submission, builds, Path(scratch))
        try:
            for check in checks:
                result = examine(check, kernels, seconds)
                same = first_with(result.loss, made.results)
                made.results.append(replace(result, same=same, picture=kernels.drawn(result, seconds) if result.command and not same else ""))
                if (loss := result.loss) and TIME_UP in loss.seen:
                    seconds = min(seconds, RUN_SECONDS_LATER)
        finally:
            kernels.close()
    return made


def first_with(loss: Loss | None, results: Sequence[Result]) -> str:
    """The first check of `results` in which the same was seen; "" if there is none."""
    return next((result.check.name for result in results if loss and result.loss and result.loss.seen == loss.seen), "")


class Kernels:
    """The kernels with a submission's files, one with the kernel's checks and one without, and their runs: checks of the
    same program look at the same run."""

    def __init__(self, submission: Submission, builds: Builds, scratch: Path) -> None:
        self.submission, self.builds, self._scratch = submission, builds, scratch
        self._linked: dict[Path, Path | LabError] = {}
        self._runs: dict[tuple[bool, str], tuple[list[str], Run]] = {}

    def run(self, check: Check, checked: bool, seconds: int) -> tuple[list[str], Run]:
        """The words of a check's program, and its run. Raises LabError if the kernel cannot be built."""
        key = checked, f"{check.program} {check.memory} {check.swap}"
        if key not in self._runs:
            words = [*check.program, str(number())]
            self._runs[key] = words, boot(self.linked(checked), check, words, seconds, rehearse=checked)
        return self._runs[key]

    def drawn(self, result: Result, seconds: int) -> str:
        """The picture of the run in which a check failed."""
        assert result.loss
        _, run = self.run(result.check, result.check.judge == "rules", seconds)
        return drawn(run, result.loss)

    def close(self) -> None:
        """Forget the runs."""
        for _, run in self._runs.values():
            run.close()

    def linked(self, checked: bool) -> Path:
        """One of them. Raises LabError if it cannot be built."""
        build = self.builds.of(self.submission.lab, checked)
        if build not in self._linked:
            folder = self._scratch / str(len(self._linked))
            folder.mkdir()
            try:
                limits = [*container(build, folder), *BUILD_LIMITS]
                self._linked[build] = link_with(files_in(build, self.submission.files), build, folder, limits)
            except LabError as error:
                self._linked[build] = error
        kernel = self._linked[build]
        if isinstance(kernel, LabError):
            raise kernel
        return kernel


def files_in(build: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Those of the files that the kernel of a build has."""
    cow = options_of(build)["cow"]
    return {file: text for file, text in files.items() if not file.endswith("copy_range_eager.c" if cow else "copy_range_cow.c")}


def examine(check: Check, kernels: Kernels, seconds: int) -> Result:
    """Look at the run of a check's program."""
    lab, checked = kernels.submission.lab, check.judge == "rules"
    try:
        words, run = kernels.run(check, checked, seconds)
    except LabError as error:
        return Result(check, 0, Loss("a kernel that can be built", why_not_built(str(error))))
    loss = judge(check.judge, check.name, run, answer(words[0], words[1], int(words[2])))
    command = shlex.join(["tools/run", *(f"-D{option.removeprefix('-D')}" for option in lab.options),
                          *(["-m", check.memory] if check.memory != "128M" else []),
                          *(["--swap", check.swap] if check.swap else []), *words])
    return Result(check, 0 if loss else check.points, loss, command if loss else "")


def boot(kernel: Path, check: Check, words: Sequence[str], seconds: int, rehearse: bool) -> Run:
    """Run a program on a kernel, within limits."""
    limits = ["prlimit", f"--cpu={seconds}", f"--fsize={FILE_BYTES}"]
    kib = min(TRACE_KIB, size_bytes(check.memory) // 1024 // 4)
    options = [f"trace_kib={kib}", *(["rehearse=on"] if rehearse else [])]
    return Machine(kernel, words, options, memory=check.memory, swap=check.swap or None, limits=limits).run(CLOCK_SECONDS)


def drawn(run: Run, loss: Loss) -> str:
    """What the processes did until a loss; "" if the machine's memory does not tell, or the loss is an exercise that is not done."""
    if loss.seen.startswith("exercise: "):
        return ""
    try:
        trace = run.trace
        first = next(record for record in trace if record.name == "fork" and record.child == FIRST)
        event = next((record for record in trace if str(record) == loss.event), trace.records[-1])
        return inline(lifelines_until(trace, first, event), f"what the processes did until {event}")
    except (LabError, StopIteration, LookupError, ValueError):  # a kernel can write anything there
        return ""


def why_not_built(output: str) -> str:
    """The first error of the compiler or the linker, as a place in the student's tree."""
    lines = re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", output).splitlines()  # without the colours
    for line in lines:
        if re.search(r"\berror:", line):
            return re.sub(r"^.*?/(?=kernel/)", "", line)
    return lines[-1] if lines else "nothing"


def reference(lab: Lab) -> Submission:
    """This tree as a submission."""
    return Submission("reference", lab, {file: lab.source(file) for file in lab.files})


def empty(lab: Lab) -> Submission:
    """The hand-out as a submission."""
    return Submission("hand-out", lab, lab.handed_out)


DEFAULT_BUILDS = ROOT / "build-course"
