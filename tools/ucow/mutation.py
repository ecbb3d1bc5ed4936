# SPDX-License-Identifier: MIT
"""A copy of the tree in which a mutant is planted, built and tested.

The unit tests that compile the changed file run first, then the serial tests that execute the changed function
(mutation_reach.py), all in one pytest. The first failure ends it if the test fails again by itself; otherwise the
failure has another cause, and the serial tests run once more. A test that catches a mutant passed without it.

A mutant that no unit test notices may be one that cannot be noticed. If the compiler, which looks at the whole kernel
at once, makes the same code of it as of the original, that is proved, and it does not count. Where C leaves behaviour
undefined, the compiler is told what it is (PROOF), so that it proves nothing by assuming that a mistake cannot happen.
"""
import contextlib
import filecmp
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from pathlib import Path
from typing import TypedDict

from elftools.elf.elffile import ELFFile

from . import LabError, children
from .build import command, is_configured, refusal_of_meson
from .machine import MEANING
from .mutants import ROOT, Mutant
from .mutation_reach import Knowledge, Reach

# A mutant is tested in the first of these builds that compiles its file.
CONFIGURATIONS: dict[str, list[str]] = {
    "default": [],
    "others": ["-Devict=fifo", "-Dcow=false", "-Dpmm=first_fit", "-Dinject=true"],
}
# As the cross file has it. A mutant whose types do not fit is one that no one sends.
STRICT = ["--target=i386-unknown-linux-gnu", "-Werror=incompatible-pointer-types", "-Werror=int-conversion"]
# Signed numbers wrap, a variable without a value has a certain one, loops may be endless, and NULL is an address.
PROOF = ["-fwrapv", "-ftrivial-auto-var-init=pattern", "-fno-finite-loops", "-fno-delete-null-pointer-checks"]
KERNEL = "kernel/ucow.elf"
WITHOUT_TABLES = "kernel/ucow-first.elf"  # the same code, and sooner
LOADED = [".boot", ".text", ".rodata", ".fixups", ".data"]  # not .lines: line numbers are no behaviour
SILENT_SECONDS = 900  # without output of pytest this counts as a hang; a machine that hangs is ended long before (mutation_reach.py)
COMPILER_SECONDS = 300  # of processor time for one file: a range of a table, made wrong, takes clang hours
UNIT_SECONDS = 4  # of processor time; more is a hang: the longest takes 1.2
FAILED = 1  # what pytest exits with if a test failed
ALL_SKIPPED = 77  # and if all tests of the only module were skipped
HUNG = MEANING[-signal.SIGXCPU]
UNKNOWN = "unknown"  # to the unit tests
LIVED = ("survived", "never executed")
EQUAL = "proved equal"
EMPTY: Mapping[str, str] = MappingProxyType({})
COLLECTING = "collecting"  # shown before the first test
NODE = re.compile(r"test/serial/\w+/test_(\w+)\.py::(test_\w+(?:\[.*?\](?=\s|$))?)")


class MesonTest(TypedDict):
    """A test as `meson introspect --tests` describes it."""
    name: str
    suite: list[str]
    cmd: list[str]
    env: dict[str, str]


class Result(TypedDict):
    """What is known about a mutant that was tested."""
    key: str
    label: str
    operator: str
    file: str
    line: int
    diff: list[str]
    what: str
    defect: str
    configuration: str
    outcome: str  # caught, timeout, survived, never executed, does not build, same kernel, proved equal
    test: str     # that caught it
    seconds: float
    processor_seconds: float  # of all processes that tested it; 0 if others ran beside it


@dataclass(frozen=True)
class Catch:
    """The test that failed with a mutant."""
    suite: str
    test: str
    timeout: bool = False

    def __str__(self) -> str:
        return f"{self.suite} {self.test}"


def run(*words: str | Path, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, with its errors in its output."""
    return children.run(words, signal.SIGTERM, timeout)


def sources_of(target: str, folder: Path, tree: Path) -> set[str]:
    """The files of the tree that a target of a build folder is made of."""
    inputs = run("ninja", "-C", folder, "-t", "inputs", target).stdout.splitlines()
    return {os.path.relpath(folder / line, tree) for line in inputs}


class Build:
    """One configuration of the copy, with the tests that Meson lists for it."""

    def __init__(self, tree: Path, name: str, options: Sequence[str], knowledge: Knowledge | None = None, flags: Sequence[str] = STRICT) -> None:
        """`options` are words for Meson, `flags` for the compiler; `knowledge` is shared with the same build of other copies."""
        self.tree, self.name, self.options, self.folder = tree, name, options, tree / f"build-{name}"
        self.knowledge = knowledge
        if not is_configured(self.folder):
            with refusal_of_meson():
                command("meson", "setup", self.folder, tree, "--cross-file", tree / "cross/i386.ini", "-Dwerror=false", f"-Dc_args={list(flags)}", *options)
        command("ninja", "-C", self.folder, "build.ninja")  # so Meson lists the tests of the current meson.build
        self.tests: list[MesonTest] = json.loads(run("meson", "introspect", "--tests", self.folder).stdout)
        self.trusted: set[str] = set()
        self.unfit: set[str] = set()  # modules that fail without a mutant

    @cached_property
    def objects(self) -> dict[str, list[str]]:
        """The objects that each source file is compiled to."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for entry in json.loads((self.folder / "compile_commands.json").read_text(encoding="utf-8")):
            path = (self.folder / entry["file"]).resolve()
            if path.is_relative_to(self.tree):
                found[str(path.relative_to(self.tree))].append(entry["output"])
        return found

    def has(self, file: str) -> bool:
        """Whether the kernel of this build compiles the file."""
        return any(output.startswith("kernel/") for output in self.objects.get(file, []))

    @cached_property
    def units(self) -> dict[str, list[str]]:
        """The commands of the unit tests, by subject."""
        folder = str(self.folder / "test/unit/unit_")
        return {test["name"]: test["cmd"] for test in self.tests if test["cmd"][0].startswith(folder)}

    def subjects(self, file: str) -> list[str]:
        """The unit tests that compile the file; the one with its name first."""
        named = [subject for subject in self.units if file in self.compiled[subject]]
        return sorted(named, key=lambda subject: (subject != Path(file).stem, subject))

    @cached_property
    def compiled(self) -> dict[str, set[str]]:
        """The files that each unit test compiles."""
        return {subject: sources_of(f"test/unit/unit_{subject}", self.folder, self.tree) for subject in self.units}

    def ninja(self, *targets: str) -> bool:
        """Build; whether it works. A mutant may keep the compiler busy for hours."""
        return run("prlimit", f"--cpu={COMPILER_SECONDS}", "ninja", "-C", self.folder, "-j1", *targets).returncode == 0

    def loaded(self, kernel: str = KERNEL) -> list[bytes]:
        """The contents of a kernel's loaded sections."""
        with (self.folder / kernel).open("rb") as file:
            elf = ELFFile(file)
            return [section.data() for name in LOADED if (section := elf.get_section_by_name(name))]

    def for_machines(self) -> list[str]:
        """What the serial tests need. The unit tests are built when their turn comes."""
        words = [word for name in ("all", "meson-test-prereq") for word in run("ninja", "-C", self.folder, "-t", "query", name).stdout.split()]
        return [word for word in dict.fromkeys(words) if "/" in word and not word.startswith("test/unit/")]

    @cached_property
    def original(self) -> list[bytes]:
        """loaded() without a mutant."""
        if not self.ninja(*self.for_machines()):
            raise LabError(f"the tree does not build with {' '.join(self.options) or 'default options'}: run ninja to see why")
        self.reach = Reach(self.folder / "reach", self.folder / KERNEL, self.tree, self.knowledge)
        return self.loaded()

    @cached_property
    def proof(self) -> "Build":
        """The same, compiled as one."""
        kept = [option for option in self.options if not option.startswith("-Dbuildtype=")]
        return Build(self.tree, f"{self.name}-as-one", [*kept, "-Dbuildtype=release"], flags=[*STRICT, *PROOF])

    @cached_property
    def as_one(self) -> list[bytes]:
        """loaded() of the proof without a mutant."""
        if not self.proof.ninja(WITHOUT_TABLES):
            raise LabError(f"the tree does not build with {' '.join(self.proof.options)}: run ninja in {self.proof.folder} to see why")
        return self.proof.loaded(WITHOUT_TABLES)

    def proves_equal(self) -> bool:
        """Whether the mutant that is planted is the same code."""
        return self.proof.ninja(WITHOUT_TABLES) and self.proof.loaded(WITHOUT_TABLES) == self.as_one

    def unit_test(self, subject: str) -> Catch | None:
        """Run a unit test; the catch if it fails."""
        done = run("prlimit", f"--cpu={UNIT_SECONDS}:{UNIT_SECONDS + 5}", *self.units[subject])
        if done.returncode == -signal.SIGXCPU:
            return Catch("unit", subject, timeout=True)
        failed = re.search(r"^not ok \d+ - (.*)$", done.stdout, re.MULTILINE)
        return Catch("unit", f"{subject}: {failed[1]}" if failed else subject) if done.returncode != 0 else None

    @cached_property
    def serial(self) -> list[MesonTest]:
        """The serial tests of the kernel. The suite `tools` is slow, and asks what tools make of a kernel."""
        return [test for test in self.tests if "ucow:serial" in test["suite"] and "ucow:tools" not in test["suite"] and "pytest" in test["cmd"]]

    @cached_property
    def serial_files(self) -> dict[str, str]:
        """The file of each serial test, from the root of the tree."""
        return {test["name"]: os.path.relpath(test["cmd"][-1], self.tree) for test in self.serial}

    @property
    def modules(self) -> list[str]:
        """The files of the serial tests."""
        return list(self.serial_files.values())

    def learn(self, say: Callable[[str], None]) -> None:
        """Find out what the serial tests execute. The tree has no mutant, and they must pass."""
        if self.reach.unknown(self.modules):
            self.ninja(KERNEL)
            self.reach.learn(self.modules, lambda module, more: self.serial_tests([module], say, more) is None, say)

    def fits(self, catch: Catch, say: Callable[[str], None]) -> bool:
        """Whether a serial test that failed passes without a mutant, where Reach was not asked: it may not suit this build."""
        module, _, test = catch.test.partition("::")
        if not self.reach.borrowed or catch.suite == "unit" or not test or str(catch) in self.trusted:
            return True
        say(f"{catch}, without the mutant")
        self.ninja(KERNEL)
        if self.serial_tests([f"{self.serial_files[module]}::{test}"], say) is None:
            self.trusted.add(str(catch))
            return True
        self.unfit.add(self.serial_files[module])
        return False

    def serial_tests(self, wanted: list[str], say: Callable[[str], None], more: Mapping[str, str] = EMPTY) -> Catch | None:
        """Run serial tests; the catch of the first that fails or hangs. `more` are variables of the environment."""
        example = self.serial[0]
        words = [*example["cmd"][:-1], "-vv", "-x", "--tb=short", *wanted]
        output = ""
        with children.start(words, signal.SIGTERM, cwd=self.tree, env={**os.environ, **example["env"], **self.reach.environment, **more},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pytest:
            assert pytest.stdout is not None
            while select.select([pytest.stdout], [], [], SILENT_SECONDS)[0]:
                chunk = os.read(pytest.stdout.fileno(), 1 << 16)
                output += chunk.decode(errors="replace")
                name = "::".join((NODE.findall(output) or [(COLLECTING,)])[-1])
                if not chunk:
                    break
                say(name)
            else:
                os.killpg(pytest.pid, signal.SIGKILL)  # pytest and its machines
                return Catch("serial", name, timeout=True)
        children.check()
        if pytest.returncode not in (0, ALL_SKIPPED, FAILED):  # a test that it does not know, say: that catches no mutant
            raise LabError(f"pytest ended with status {pytest.returncode} for {' '.join(wanted)}:\n{output.strip()}")
        return Catch("serial", name, HUNG in output) if pytest.returncode == FAILED else None


class MutantTree:
    """A copy of the tree with its builds, for one thread."""

    def __init__(self, folder: Path, configurations: Mapping[str, list[str]], knowledge: Mapping[str, Knowledge],
                 modules: int | None = None, alone: bool = False) -> None:
        """`configurations` are the builds, by name, with their options; `modules` limits how many modules of serial
        tests look at a mutant; `alone`: no other tree is tested meanwhile."""
        self.tree = folder = folder.resolve()
        self.modules, self.alone = modules, alone
        shutil.copytree(ROOT, folder, ignore=not_copied, copy_function=copy_changed, dirs_exist_ok=True)
        self.builds = {name: Build(folder, name, options, knowledge[name]) for name, options in configurations.items()}

    def files(self) -> list[str]:
        """The C files that one of the configurations compiles for the kernel."""
        return [file for file in sorted({file for build in self.builds.values() for file in build.objects})
                if file.endswith(".c") and any(build.has(file) for build in self.builds.values())]

    def build_of(self, mutant: Mutant) -> Build:
        """The build that the list names, or the first that compiles the file; the first of all for headers."""
        able = [build for build in self.builds.values() if build.has(mutant.file)]
        return self.builds[mutant.configuration] if mutant.configuration else (able or list(self.builds.values()))[0]

    @contextlib.contextmanager
    def planted(self, mutant: Mutant) -> Iterator[None]:
        """Keep the mutant in the tree meanwhile."""
        path = self.tree / mutant.file
        path.write_text(mutant.mutated, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(mutant.text, encoding="utf-8")

    def judge(self, mutant: Mutant, say: Callable[[str], None]) -> Result:
        """Test a mutant; `say` shows progress."""
        build = self.build_of(mutant)
        say("building the original")
        original, _ = build.original, build.as_one
        start, used = time.monotonic(), processor_seconds()
        with self.planted(mutant):
            say("building")
            outcome, catch = self.look(build, mutant, original)
        if outcome == UNKNOWN:
            say("is it the same code?")
            with self.planted(mutant):
                outcome = EQUAL if build.proves_equal() else UNKNOWN
        if outcome == UNKNOWN:
            build.learn(say)
            while True:
                with self.planted(mutant):
                    outcome, catch = self.look_further(build, mutant, say)
                if catch is None or build.fits(catch, say):
                    break
        if catch and catch.suite == "unit" and str(catch) not in build.trusted:
            say(f"{catch}, without the mutant")
            self.check(build, mutant, catch)
        return {"key": mutant.key, "label": mutant.label, "operator": mutant.operator, "file": mutant.file,
                "line": mutant.line, "diff": mutant.diff, "what": mutant.what, "defect": mutant.defect,
                "configuration": build.name, "outcome": outcome, "test": str(catch) if catch else "",
                "seconds": round(time.monotonic() - start, 1),
                "processor_seconds": round(processor_seconds() - used, 1) if self.alone else 0}

    def look(self, build: Build, mutant: Mutant, original: list[bytes]) -> tuple[str, Catch | None]:
        """Build, and run the unit tests: the outcome, and the catch if there is one."""
        subjects = build.subjects(mutant.file)
        if not build.ninja(KERNEL):
            return "does not build", None
        if build.loaded() == original:
            return "same kernel", None
        for subject in subjects:  # one by one: the first, which has the file's name, catches most
            if not build.ninja(f"test/unit/unit_{subject}"):
                return "does not build", None
            catch = build.unit_test(subject)
            if catch and build.unit_test(subject):
                return outcome_of(catch)
        return UNKNOWN, None

    def look_further(self, build: Build, mutant: Mutant, say: Callable[[str], None]) -> tuple[str, Catch | None]:
        """Run the serial tests that can notice the mutant. One that fails must fail again by itself."""
        build.ninja(KERNEL)
        modules = [module for module in build.reach.of(mutant, build.modules) if module not in build.unfit][:self.modules]
        for _ in range(2 if modules else 0):
            catch = build.serial_tests(modules, say)
            if catch is None:
                break
            module, _, test = catch.test.partition("::")
            if build.serial_tests([f"{build.serial_files[module]}::{test}"] if test else modules, say):
                return outcome_of(catch)
        return "survived" if modules else "never executed", None

    def check(self, build: Build, mutant: Mutant, catch: Catch) -> None:
        """Require that the unit test passes without the mutant. A serial test did: Build.learn()."""
        subject = catch.test.partition(":")[0]
        if not build.ninja(f"test/unit/unit_{subject}"):
            raise LabError(f"{mutant.label}: the tree no longer builds without the mutant")
        if build.unit_test(subject):
            raise LabError(f"{catch} fails without a mutant, too, in {build.folder}")
        build.trusted.add(str(catch))


def processor_seconds() -> float:
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def outcome_of(catch: Catch) -> tuple[str, Catch]:
    """The outcome that a catch is."""
    return "timeout" if catch.timeout else "caught", catch


def not_copied(folder: str, names: list[str]) -> list[str]:
    """The names in a folder that are no sources: builds, .git, and __pycache__."""
    top = ROOT.samefile(folder)
    return [name for name in names if name == "__pycache__" or top and (name == ".git" or name.startswith("build"))]


def copy_changed(source: str, target: str) -> str:
    """Copy a file unless the target is equal: its time stays, and nothing is built again."""
    if not Path(target).is_file() or not filecmp.cmp(source, target, shallow=False):
        shutil.copy(source, target)
    return target
