# SPDX-License-Identifier: MIT
"""Injected failures: a program is run again and again, each time with another failure, and every run is judged.

The first frame that the program allocates is refused, then the second, until there is none left to refuse;
the same for heap objects, user copies, swap slots, disk transfers and pids, once with only the n-th failing and
once with all from the n-th on. The kernel must not panic or leak, and only processes that got a failure may die.
"""

import os
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import Progress

from . import LabError, children, enums, quoting
from .archive import programs
from .build import ROOT, built
from .machine import PASSED, PROGRAM_FAILED, Machine, Run, size_bytes, symbols_of
from .memory import FileMemory
from .pools import Threads
from .shard import Save
from .symbols import physical
from .trace import HEADER, RingHeader, Trace, read_trace
from .verdict import COMPLAINT, problems

KINDS = enums.names("kind")
MODES = {"once": "", "onwards": "+"}
OUTCOMES = ["ok", "error", "died", "spins"]
OPTIONS = ["trace_kib=2048"]
MEMORY, DISK_BYTES = "32M", 4 << 20
IDLE, INIT = 0, 1
POLL_SECONDS, SPIN_TICKS = 1.0, 200

LAB5 = ["hello", "exit", "forktest", "forktree", "yield", "waitkill", "spin", "badarg", "badsegment", "divzero",
        "faultread", "faultreadkernel", "softint", "testbss", "pgdir"]
# An injected failure may lose a character: one of the exits arrives.
SHELL_LINES = "hell\t\nnosuch\nexit\nexit\nexit\n"
BROKEN = b"\x7fELF" + bytes(96)
MAIN = re.compile(r"^int (?:linux_)?main\(", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A program to boot, with its input and its boot modules."""
    words: tuple[str, ...]
    typed: str = ""
    modules: tuple[tuple[str, Path], ...] = ()


@dataclass
class Baseline:
    """How the program ends when nothing fails."""
    status: int
    faults: int
    errors: int


@dataclass
class Verdict:
    """The outcome of one run, what is wrong with it, and the sites that failed."""
    outcome: str
    wrong: list[str]
    sites: Counter[int]
    repeat: str = ""


@dataclass
class Sweep:
    """One kind and mode of one program: the n-th operation fails, for n from 1 until there is no n-th."""
    job: Job
    baseline: Baseline
    kind: str
    mode: str
    next_n: int = 1
    done: bool = False
    running: int = 0  # machines
    runs: int = 0
    failures: int = 0
    sites: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def option(self, n: int) -> str:
        """The word for the kernel's command line."""
        return f"inject={self.kind}:{n}{MODES[self.mode]}"


def kernel(folder: Path, *options: str) -> Path:
    """The kernel with injection in `folder`, built if needed."""
    return built(folder, ["-Dinject=true", *options])


class FaultInjector:
    """Boots one kernel with injected failures, and judges each run."""

    def __init__(self, elf: Path, folder: Path, limit: float) -> None:
        self.elf, self.folder, self.limit = elf, folder, limit
        self.disk = folder / "disk"
        with self.disk.open("wb") as file:
            file.truncate(DISK_BYTES)

    def machine(self, job: Job, *options: str) -> Machine:
        disk = ["-drive", f"file={quoting.option_value(self.disk)},format=raw,if=ide,index=1,snapshot=on"]
        return Machine(self.elf, job.words, [*OPTIONS, *options], dict(job.modules), memory=MEMORY, extra=disk)

    def spins(self, memory_file: Path) -> bool:
        """Whether a program loops outside the kernel: the last event is SPIN_TICKS old in virtual time."""
        symbols = symbols_of(self.elf)
        try:
            memory = FileMemory(memory_file)
        except (LabError, OSError):
            return False  # QEMU has not created it yet
        try:
            header = RingHeader(memory.read(physical(symbols.address("trace_ring")), HEADER.size))
            records = read_trace(memory, symbols).records
        except LabError:
            return False  # the kernel has not started the trace yet
        finally:
            memory.close()
        switches = [record for record in records if record.name == "switch"]
        if not switches or header.ticks - records[-1].stamp / (header.tsc_per_tick or 1) < SPIN_TICKS:
            return False
        pid = switches[-1]["to"]
        own = [r for r in records if r.cpu_pid == pid and r.name in ("syscall_enter", "syscall_leave", "exit")]
        return pid not in (IDLE, INIT) and (not own or own[-1].name == "syscall_leave")

    def run(self, job: Job, *options: str) -> tuple[Run, bool]:
        """Boot, until the machine ends or a program spins; the flag says which. Serial input and output are files."""
        machine = self.machine(job, *options)
        scratch = children.Scratch(size_bytes(MEMORY))
        typed, serial, complaint = (Path(scratch.name, name) for name in ("typed", "serial", "complaint"))
        typed.write_text(job.typed)
        start = time.monotonic()
        with typed.open() as stdin, serial.open("wb") as stdout, complaint.open("wb") as stderr:
            with children.start(machine.command("stdio", Path(scratch.name, "memory")), stdin=stdin, stdout=stdout,
                                stderr=stderr, cwd=machine.folder()) as process:
                status, spins = self.wait(process, Path(scratch.name, "memory"))
        children.check()
        run = Run(machine, scratch, status, serial.read_text(errors="replace"), complaint.read_text().strip(),
                  time.monotonic() - start)
        return run, spins

    def wait(self, process: subprocess.Popen[bytes], memory_file: Path) -> tuple[int | None, bool]:
        """The status of the machine, None if it did not end in time; and whether a program span in it."""
        for _ in range(int(self.limit / POLL_SECONDS) + 1):
            try:
                return process.wait(POLL_SECONDS), False
            except subprocess.TimeoutExpired:
                if self.spins(memory_file):
                    process.kill()
                    return process.wait(), True
        process.kill()
        process.wait()
        return None, False

    def baseline(self, job: Job) -> Baseline:
        """Run the job without a failure."""
        run, _ = self.run(job)
        expected = PROGRAM_FAILED if run.status == PROGRAM_FAILED else PASSED
        try:
            if wrong := problems(run, expected):
                raise LabError("\n".join([f"{' '.join(job.words)} does not pass when nothing fails:", *wrong,
                                          run.lines.numbered(20), "repeat it with", run.repeat()]))
            return Baseline(expected, len(run.trace.all("exit reason=fault")), errors(run.trace))
        finally:
            run.close()

    def judge(self, sweep: Sweep, n: int) -> Verdict:
        """Boot with the n-th failing; the verdict has no sites if there is no n-th."""
        run, spins = self.run(sweep.job, sweep.option(n))
        try:
            wrong = ([f"the kernel says: {line.rstrip(':')}" for line in run.lines.all(COMPLAINT)] if spins else
                     problems(run, PROGRAM_FAILED if run.status == PROGRAM_FAILED else PASSED))
            injected = run.trace.all("injected")
            sites = Counter(record.site for record in injected)
            victims = {record.cpu_pid for record in injected}
            wrong += bystanders(run.trace, victims, sweep.baseline)
            return Verdict(outcome(run, spins, victims, sweep.baseline), wrong, sites, run.repeat())
        except LabError as error:
            return Verdict("error", [*wrong, str(error)], Counter(), run.repeat())
        finally:
            run.close()


def errors(trace: Trace) -> int:
    """How many system calls returned an error."""
    return sum(-1000 < record.result < 0 for record in trace.of("syscall_leave"))


def bystanders(trace: Trace, victims: set[int], baseline: Baseline) -> list[str]:
    """Processes that died although nothing failed in them, or in a thread of theirs, which is init's at once."""
    maker = {record.child: record["from"] for record in trace.of("reparent")}
    victims = victims | {maker[pid] for pid in victims if pid in maker}
    strangers = [record for record in trace.of("exit") if record.pid not in victims]
    lost = [record for record in strangers if record.shown("reason") in ("oom", "swap")]
    faults = [record for record in strangers if record.shown("reason") == "fault"]
    return ([f"{record}: nothing failed in pid {record.pid}" for record in lost]
            + [f"{record}: nothing failed in pid {record.pid}, or another one before it"
               for record in faults[baseline.faults:]])


def outcome(run: Run, spins: bool, victims: set[int], baseline: Baseline) -> str:
    """The entry of OUTCOMES for a run."""
    if spins:
        return "spins"
    if any(record.pid in victims and record.shown("reason") in ("oom", "swap") for record in run.trace.of("exit")):
        return "died"
    same = run.status == baseline.status and errors(run.trace) <= baseline.errors
    return "ok" if same else "error"


def unit_count(jobs: list[Job]) -> int:
    """A unit of the search is a kind in a job, in all modes."""
    return len(jobs) * len(KINDS)


class Sweeper:
    """Runs sweeps, with a thread per processor; each takes the next run of the first sweep that is not done."""

    def __init__(self, injector: FaultInjector, jobs: list[Job], most: int, progress: Progress) -> None:
        self.injector, self.jobs, self.most, self.progress = injector, jobs, most, progress
        self.sweeps: list[Sweep] = []
        self.units: dict[int, list[Sweep]] = {}
        self.lock = threading.Lock()

    def go(self, units: list[int], save: Save) -> None:
        """Run until every sweep of the units is done; saves the sweeps of each unit as records."""
        self.save = save
        with Threads(os.cpu_count()) as pool:
            numbers = sorted({unit // len(KINDS) for unit in units})
            baselines = dict(zip(numbers, pool.map(self.injector.baseline, [self.jobs[number] for number in numbers])))
            for unit in units:
                number, kind = divmod(unit, len(KINDS))
                self.units[unit] = [Sweep(self.jobs[number], baselines[number], KINDS[kind], mode) for mode in MODES]
            self.sweeps = [sweep for sweeps in self.units.values() for sweep in sweeps]
            self.task = self.progress.add_task("sweeping", total=len(self.sweeps))
            list(pool.map(lambda _: self.work(), range(os.cpu_count() or 1)))

    def next(self) -> tuple[Sweep, int] | None:
        """The next run: a sweep and its n. None if all are done."""
        with self.lock:
            sweep = next((sweep for sweep in self.sweeps if not sweep.done), None)
            if sweep is None:
                return None
            sweep.next_n += 1
            sweep.running += 1
            sweep.runs += 1
            n = sweep.next_n - 1
            sweep.done = 0 < self.most <= n
            self.progress.update(self.task, completed=sum(s.done for s in self.sweeps),
                                 description=f"{' '.join(sweep.job.words)} {sweep.option(n)}")
            return sweep, n

    def work(self) -> None:
        while chosen := self.next():
            sweep, n = chosen
            verdict = self.injector.judge(sweep, n)
            with self.lock:
                self.add(sweep, n, verdict)
                sweep.running -= 1
                self.save_if_done(sweep)

    def save_if_done(self, sweep: Sweep) -> None:
        """Save the sweeps of a unit when no machine runs for it any more. Caller holds the lock."""
        unit, sweeps = next((unit, sweeps) for unit, sweeps in self.units.items()
                            if any(one is sweep for one in sweeps))
        if all(one.done and one.running == 0 for one in sweeps):
            self.save(unit, [record_of(one) for one in sweeps])

    def add(self, sweep: Sweep, n: int, verdict: Verdict) -> None:
        """Add a verdict to its sweep. Caller holds the lock."""
        if verdict.wrong:
            what = "".join(f"\n    {line}" for line in [*verdict.wrong, verdict.repeat])
            sweep.wrong.append(f"{' '.join(sweep.job.words)} with {sweep.option(n)}:{what}")
            self.progress.console.print(sweep.wrong[-1], highlight=False, markup=False)
        if not verdict.sites:
            sweep.done = True
            if n == 1:  # nor is there one for the other mode
                for other in self.sweeps:
                    other.done |= other.job is sweep.job and other.kind == sweep.kind
            return
        sweep.failures += 1
        sweep.sites += verdict.sites
        sweep.outcomes[verdict.outcome] += 1


def record_of(sweep: Sweep) -> dict[str, Any]:
    """A sweep for a file of results."""
    return {"kind": sweep.kind, "mode": sweep.mode, "runs": sweep.runs, "failures": sweep.failures,
            "sites": list(sweep.sites.items()), "outcomes": list(sweep.outcomes.items()), "wrong": sweep.wrong}


def sweep_of(record: dict[str, Any], job: Job) -> Sweep:
    """A sweep from record_of(), as it was or as a file has it."""
    return Sweep(job, Baseline(PASSED, 0, 0), record["kind"], record["mode"], done=True, runs=record["runs"],
                 failures=record["failures"], sites=Counter(dict(record["sites"])),
                 outcomes=Counter(dict(record["outcomes"])), wrong=record["wrong"])


def all_jobs(folder: Path) -> Iterator[Job]:
    """The whole set of programs; `folder` is for their modules."""
    broken = folder / "broken"
    broken.write_bytes(BROKEN)
    yield Job(("failpoints",))
    yield Job(("sh",), SHELL_LINES)
    yield Job(("tryexec", "hello", "broken", "nosuch"), modules=(("broken", broken),))
    yield from (Job((name,)) for name in LAB5)
    yield Job(("linuxpoints",))


def check_sources(program: str) -> None:
    """Refuse a program before a kernel is built, if the tree has no source of it."""
    known = {path.stem for path in (ROOT / "user").glob("*/*.c") if MAIN.search(path.read_text(encoding="utf-8"))}
    if program not in known:
        raise LabError(f"there is no program {program}: user has {' '.join(sorted(known))}")


def check_programs(elf: Path, jobs: list[Job]) -> None:
    """Refuse a job whose program is neither in the kernel's boot archive nor a module of the job."""
    known = programs(elf)
    for job in jobs:
        if job.words[0] not in known and job.words[0] not in dict(job.modules):
            raise LabError(f"there is no program {job.words[0]}: there are {' '.join(sorted(known))}")
