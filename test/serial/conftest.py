# SPDX-License-Identifier: MIT
"""Fixtures of the serial tests: each test boots its machines, and every run is judged before the test looks at it.

    out = run("exit")                                   boot, run one program, judge, return
    out = run("args", "a", memory="16M", cmdline="trace_kib=64", expect=35)
    out.lines, out.trace, out.status                    what a test asserts on
    with boot("sh") as live: live.expect("$ ") ...      the same, with a serial line to type on

A run repeats instruction for instruction (test determinism), so the tests of a module that run the same machine look
at the same run: run() boots it once for all of them if it passed. A test that runs a machine twice gets two runs.

A run that tools/ucow/verdict.py rejects fails its test at once. support/report.py says what a failed test shows.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent / "support")]

from ucow import LabError, children  # noqa: E402
from ucow.build import options_of  # noqa: E402
from ucow.machine import PASSED, WALL_SECONDS, Live, Machine, Run, quickest_firmware, size_bytes  # noqa: E402
from ucow.symbols import Symbols  # noqa: E402
from ucow.trace import Format, Trace  # noqa: E402
from ucow.verdict import problems  # noqa: E402
from report import forget, sections  # noqa: E402

# The assertions of these modules are explained like a test's.
pytest.register_assert_rewrite("explain", "pagetables", "protection_rules", "sharing", "trapframes")

SAID_AGAIN = 16  # lines of the first failure
MESON_SKIP = 77
MOST_PROBLEMS = 6  # of a run that are printed
TRACE_KIB = 2048
SWAP_SIZE = "64M"  # of the swap disk that machines have unless the kernel is built without swap


@dataclass(frozen=True)
class Build:
    """The build under test. Its options are attributes: build.cow, build.pmm, as meson_options.txt has them."""
    folder: Path
    options: dict[str, bool | str]
    memory: str  # of a machine, unless its test asks for another size

    def __repr__(self) -> str:
        return f"the build in {self.folder}"  # short: pytest prints it with a failed test

    @classmethod
    def from_environment(cls) -> "Build":
        folder = Path(os.environ.get("UCOW_BUILD", ROOT / "build")).absolute()
        return cls(folder, options_of(folder), os.environ.get("UCOW_MEMORY", "128M"))

    def __getattr__(self, name: str) -> bool | str:
        try:
            return self.options[name]
        except KeyError:
            raise AttributeError(f"meson_options.txt has no option {name}") from None

    @property
    def planted(self) -> bool:
        """Whether the kernel makes mistakes on request."""
        value = self.options["planted"]
        return self.options["debug_checks"] if value == "auto" else value == "true"

    @property
    def shares_tables(self) -> bool:
        """Whether fork shares page tables; without cow they are copied, whatever the option says."""
        return self.cow and self.tables == "shared"

    @property
    def optimized(self) -> bool:
        return self.options["optimization"] not in ("0", "g")

    @property
    def kernel(self) -> Path:
        return self.folder / "kernel/ucow.elf"

    def need_swap(self):
        """Skip the test if the kernel is built without swap."""
        if not self.swap:
            pytest.skip("the kernel is built with -Dswap=false")

    def has_check(self, check: str) -> bool:
        """Whether this kernel has a check named in kernel/planted/planted.def."""
        return {"always": True, "heap_checks": self.debug_checks and not self.kasan,
                "swap_checks": self.debug_checks and self.swap}.get(check, getattr(self, check, False))

    @property
    def instrumented(self) -> bool:
        """Whether the kernel has compiler instrumentation that makes costs and sizes meaningless."""
        return self.kasan or self.ubsan or self.races

    @property
    def slowness(self) -> int:
        """How many of instrumentation and missing optimization the build has. Each makes about four instructions of
        one; virtual time is slowed down as much, so that a tick holds the same work in all builds."""
        return self.instrumented + (not self.optimized)

    @property
    def wall_seconds(self) -> float:
        """The wall-clock limit of a machine. It is longer for a build whose ticks hold more instructions."""
        return WALL_SECONDS * (1 + self.slowness)

    def need_plain(self, what: str):
        """Skip the test if compiler instrumentation would dominate the measurement of `what`."""
        if self.instrumented or self.coverage:
            pytest.skip(f"{what} says nothing of a kernel built with kasan, ubsan, races or coverage")

    def room(self, usual: str) -> str:
        """The memory a machine needs instead of `usual`: more with kasan (shadow, larger stacks) or a kernel that
        instrumentation makes larger."""
        mebibytes = int(usual.removesuffix("M")) * (2 if self.kasan else 1)
        return f"{mebibytes + (2 if self.instrumented or self.coverage else 0)}M"

    def need_functions(self, *names: str):
        """Skip the test if one of these functions was inlined: a breakpoint would never be hit."""
        inlined = [name for name in names if name not in Symbols(self.kernel)]
        if inlined:
            pytest.skip(f"the compiler made {inlined[0]} part of its callers")

    def need_linux(self):
        """Skip the test if the kernel runs no programs for Linux."""
        if not self.linux:
            pytest.skip("the kernel is built with -Dlinux=false")

    def need_trace(self):
        """Skip the test if the kernel is built without the trace."""
        if not self.trace:
            pytest.skip("the kernel is built with -Dtrace=false")


class Outcome:
    """A run that passed the verdict, for a test to look at."""

    def __init__(self, run: Run, build: Build):
        self.machine, self.lines, self.status = run.machine, run.lines, run.status
        self._run, self._build = run, build

    @property
    def trace(self) -> Trace:
        """The events. Skips the test if the build has no trace."""
        self._build.need_trace()
        return self._run.trace


class Conversation:
    """A running machine; end() waits for its end and judges the run."""

    def __init__(self, live: Live, bench: "Bench"):
        self.expect, self.type, self.qmp, self.memory_file = live.expect, live.type, live.qmp, live.memory_file
        self.process = live.process
        self._live, self._bench = live, bench

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, kind, *error):
        if kind and issubclass(kind, AssertionError) and self.process.poll() is None:
            self._bench.runs.append(self._live.abandon())  # for the report
        self._live.__exit__(kind, *error)

    def end(self, expect: int = PASSED) -> Outcome:
        return self._bench.judge(self._live.finish(), expect)

    def end_unjudged(self) -> Run:
        """The same, if the trace cannot be judged."""
        run = self._live.finish()
        self._bench.runs.append(run)
        return run


class SharedRuns:
    """The runs of a module that passed: by machine and expected status. A failed run is not kept: the next test that
    wants it boots again and is judged by itself."""

    def __init__(self):
        self._passed: dict[str, Run] = {}

    @staticmethod
    def _key(machine: Machine, expect: int) -> str | None:
        """None for a machine whose files a test may change between two runs."""
        return None if machine.modules or machine.swap_image else f"{expect} {machine}"

    def find(self, machine: Machine, expect: int) -> Run | None:
        return self._passed.get(self._key(machine, expect) or "")

    def keep(self, run: Run, expect: int):
        if key := self._key(run.machine, expect):
            with suppress(LabError):
                run.trace  # read now: the guest's memory is deleted after the first test
            self._passed[key] = run


@dataclass
class Bench:
    """Boots machines for one test and keeps their runs for its report."""
    build: Build
    shared: SharedRuns
    runs: list[Run] = field(default_factory=list)
    rejected: bool = False  # the last run did not pass

    def __repr__(self) -> str:
        return "the bench"

    def machine(self, *program: str, memory: str | None = None, cpu: str | None = None, cmdline: str = "",
                modules: dict[str, Path] | None = None, append_raw: str | None = None,
                kernel: Path | None = None, extra: Sequence[str] = (), firmware: str | None = None, **disk) -> Machine:
        """A machine with the kernel under test and a trace ring of at most a sixteenth of its memory.

        `disk` is the machine's swap=, swap_image= and swap_errors=. If the kernel can swap, the machine has
        a disk unless swap is None.
        """
        memory = memory or self.build.memory
        if self.build.swap and "swap_image" not in disk:
            disk.setdefault("swap", SWAP_SIZE)
        options = cmdline.split()
        if not self.build.planted and any(option.startswith("selftest=") for option in options):
            pytest.skip("the kernel is built with -Dplanted=false")
        if self.build.trace and not any(option.startswith("trace_kib=") for option in options):
            options.insert(0, f"trace_kib={min(TRACE_KIB, size_bytes(memory) // 1024 // 16)}")
        if self.build.slowness > 0:
            extra = ["-icount", f"shift={7 - 2 * self.build.slowness},sleep=off", *extra]
        return Machine(kernel or self.build.kernel, program, options, modules or {}, append_raw, memory, cpu,
                       extra, firmware=firmware or quickest_firmware(), **disk)

    def judge(self, run: Run, expect: int) -> Outcome:
        """Fail the test unless the run passed."""
        self.runs.append(run)
        traced = self.build.trace and "trace=off" not in run.machine.command_line().split()
        if wrong := problems(run, expect, traced):
            self.rejected = True
            more = [f"and {len(wrong) - MOST_PROBLEMS} more"] if len(wrong) > MOST_PROBLEMS else []
            pytest.fail("the run did not pass:\n" + "\n".join(f"  {what}" for what in wrong[:MOST_PROBLEMS] + more), pytrace=False)
        if traced:
            with suppress(LabError):
                run.trace.asked = "", []  # what the verdict asked is no question of the test
        return Outcome(run, self.build)

    def run(self, *program: str, expect: int = PASSED, **machine) -> Outcome:
        wanted = self.machine(*program, **machine)
        passed = self.shared.find(wanted, expect)
        if passed and passed not in self.runs:
            self.runs.append(passed)
            return Outcome(passed, self.build)
        outcome = self.judge(wanted.run(self.build.wall_seconds), expect)
        self.shared.keep(self.runs[-1], expect)
        return outcome

    def boot(self, *program: str, seconds: float = 0, **machine) -> Conversation:
        """`seconds` is a wall-clock limit, if it is more than the usual one."""
        limit = max(self.build.wall_seconds, seconds)
        return Conversation(self.machine(*program, **machine).start(limit), self)


BENCH = pytest.StashKey[Bench]()


def pytest_configure(config):
    """A signal that ends pytest ends its machines, too; the files of the tests are removed at the end."""
    children.own_signals()
    config.option.basetemp = config.option.basetemp or Path(children.Scratch.for_process(), "tests")


def pytest_unconfigure(config):
    """Modules that tests wrote are not kept, compiled."""
    if sys.pycache_prefix:
        shutil.rmtree(f"{sys.pycache_prefix}{config.option.basetemp}", ignore_errors=True)


def pytest_collection_modifyitems(items):
    forget(Path(os.environ.get("UCOW_BUILD", ROOT / "build")), {item.path for item in items})


@pytest.fixture(scope="session")
def build() -> Build:
    """The build under test."""
    return Build.from_environment()


@pytest.fixture
def fmt(build: Build) -> Format:
    """The trace format of the kernel under test. Skips the test if the build has no trace."""
    build.need_trace()
    return Format(Symbols(build.kernel).text("trace_format"))


@pytest.fixture(scope="module")
def shared_runs() -> SharedRuns:
    return SharedRuns()


@pytest.fixture
def bench(request: pytest.FixtureRequest, build: Build, shared_runs: SharedRuns) -> Iterator[Bench]:
    """The Bench of the test, for tests that judge a run themselves."""
    if not build.kernel.is_file():
        pytest.fail(f"{build.kernel}: no kernel; build it, or name the build folder in UCOW_BUILD", pytrace=False)
    request.node.stash[BENCH] = Bench(build, shared_runs)
    yield request.node.stash[BENCH]
    for run in request.node.stash[BENCH].runs:
        run.close()


@pytest.fixture
def run(bench: Bench):
    """run(program, *arguments, memory=, cpu=, cmdline=, modules=, append_raw=, swap=, swap_image=,
    swap_errors=, firmware=, expect=) -> Outcome."""
    return bench.run


@pytest.fixture
def boot(bench: Bench):
    """boot(...) -> Conversation: the arguments of run() without expect."""
    return bench.boot


def stderr_of(done: subprocess.CompletedProcess) -> str:
    """What tools/run or tools/test printed on stderr, without the note that a tool of another test is building in the
    same directory at the moment."""
    return re.sub(r"^tools/\w+: waiting for another command that builds in .*\n", "", done.stderr, flags=re.MULTILINE)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.failed and BENCH in item.stash and item.stash[BENCH].runs:
        bench = item.stash[BENCH]
        error = call.excinfo and call.excinfo.value
        report.sections += sections(bench.runs, error, bench.rejected, bench.build.folder, item.path, item.name)


def pytest_terminal_summary(terminalreporter):
    """Of several failures say the first one again: Meson shows the end of a long log only."""
    failed = terminalreporter.stats.get("failed", [])
    if len(failed) < 2:
        return
    terminalreporter.section(f"the first of {len(failed)} failures: {failed[0].nodeid.rpartition('::')[2]}")
    said = [line for line in failed[0].longreprtext.splitlines() if line.startswith(("E ", "> "))]
    next_steps = [text for title, text in failed[0].sections if title == "what to do next"]
    terminalreporter.write_line("\n".join([*said[:SAID_AGAIN], *next_steps]))


def pytest_sessionfinish(session):
    """Exit with Meson's status for a skip if all tests of the module were skipped."""
    stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
    nothing_failed = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if nothing_failed and stats.get("skipped") and not stats.get("passed"):
        session.exitstatus = MESON_SKIP
