# SPDX-License-Identifier: MIT
"""A private copy of the tree in which a mutant is planted, built and tested.

The unit tests that compile the changed file come first, then the serial tests, all in one pytest: those that
cite the broken promise, then the quick and strong ones. The first that fails ends it, if it fails again by itself:
else its failure has another cause, and the serial tests get one more try. A test that is new as a catcher must
pass without the mutant, or it has caught nothing.
"""
import contextlib
import filecmp
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

from ucow import LabError
from ucow.mutants import ROOT, Mutant

# A mutant goes into the first of these that compiles its file.
CONFIGURATIONS = {
    "default": [],
    "swap": ["-Dswap=true"],
    "others": ["-Dswap=true", "-Devict=fifo", "-Dcow=false", "-Dpmm=first_fit", "-Dinject=true"],
}
KERNEL = "kernel/ucow.elf"
LOADED = [".boot", ".text", ".rodata", ".fixups", ".data"]  # but not .lines: a dropped call moves those
FIRST = ["exit", "forktest", "waitkill", "yield", "usermem", "memedges", "badexec", "badptr", "badsys",
         "killrunnable", "killer", "orphans", "kernelwrite", "interleave", "meminfo", "procinfo", "free", "ps",
         "spin", "execargs", "elf", "maps", "threads", "cow16", "textshare", "swaporder", "sleeper", "heap", "stack",
         "longwrite", "args", "fpu", "sh"]
LAST = ["protection", "panic", "oom", "zeros", "determinism", "plang", "scaling", "planted", "trace_tool", "boot",
        "bomb"]
OF_THE_HARNESS = ["harness", "invariants"]  # their kernels lie on purpose: no mutant is in them
SILENT_SECONDS = 30  # without a test that ends: the longest takes 4
COLLECTING = "collecting"  # the tests' names, some of which are asked of the kernel's file
NODE = re.compile(r"test/serial/\w+/test_(\w+)\.py::(test_\w+(?:\[.*?\](?=\s|$))?)")


@dataclass(frozen=True)
class Catch:
    """The test that noticed a mutant."""
    suite: str
    test: str
    timeout: bool = False

    def __str__(self) -> str:
        return f"{self.suite} {self.test}"


def run(*words: str | Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **options)


def must(*words: str | Path):
    """Run a command that must succeed; what it printed is shown when it does not."""
    if (done := run(*words)).returncode != 0:
        raise LabError(f"`{' '.join(map(str, words))}` failed:\n{done.stdout.strip()}")


class Build:
    """One configuration of the copy, with the tests that Meson lists for it."""

    def __init__(self, tree: Path, name: str):
        self.tree, self.name, self.folder = tree, name, tree / f"build-{name}"
        if not (self.folder / "build.ninja").is_file():
            must("meson", "setup", self.folder, tree, "--cross-file", tree / "cross/i386.ini", "-Dwerror=false",
                 *CONFIGURATIONS[name])
        must("ninja", "-C", self.folder, "build.ninja")  # what Meson lists is of today's meson.build
        self.tests = json.loads(run("meson", "introspect", "--tests", self.folder).stdout)
        self.trusted: set[str] = set()

    @cached_property
    def objects(self) -> dict[str, list[str]]:
        """By source file, the objects it is compiled to."""
        found = defaultdict(list)
        for entry in json.loads((self.folder / "compile_commands.json").read_text(encoding="utf-8")):
            path = (self.folder / entry["file"]).resolve()
            if path.is_relative_to(self.tree):
                found[str(path.relative_to(self.tree))].append(entry["output"])
        return found

    def has(self, file: str) -> bool:
        return any(output.startswith("kernel/") for output in self.objects.get(file, []))

    @cached_property
    def units(self) -> dict[str, list[str]]:
        """The commands of the unit tests, by subject."""
        folder = str(self.folder / "test/unit/unit_")
        return {test["name"]: test["cmd"] for test in self.tests if test["cmd"][0].startswith(folder)}

    def subjects(self, file: str) -> list[str]:
        """The unit tests that have the file in them; the one with its name first."""
        libraries = {match[1] for output in self.objects.get(file, ())
                     if (match := re.match(r"test/unit/libunit_(?:kernel_)?(\w+)\.a\.p/", output))}
        named = self.units if "lib" in libraries else libraries & self.units.keys()
        return sorted(named, key=lambda subject: (subject != Path(file).stem, subject))

    def ninja(self, *targets: str) -> bool:
        return run("ninja", "-C", self.folder, "-j1", *targets).returncode == 0

    def loaded(self) -> list[bytes]:
        """What of the kernel gets into the machine's memory."""
        with (self.folder / KERNEL).open("rb") as file:
            elf = ELFFile(file)
            return [section.data() for name in LOADED if (section := elf.get_section_by_name(name))]

    @cached_property
    def original(self) -> list[bytes]:
        if not self.ninja(KERNEL, *(f"test/unit/unit_{subject}" for subject in self.units)):
            raise LabError(f"the tree does not build with {' '.join(CONFIGURATIONS[self.name])}: try `ninja` in yours")
        return self.loaded()

    def unit_test(self, subject: str) -> Catch | None:
        try:
            done = run(*self.units[subject], timeout=30)
        except subprocess.TimeoutExpired:
            return Catch("unit", subject, timeout=True)
        failed = re.search(r"^not ok \d+ - (.*)$", done.stdout, re.MULTILINE)
        return Catch("unit", f"{subject}: {failed[1]}" if failed else subject) if done.returncode != 0 else None

    @cached_property
    def serial(self) -> list[dict]:
        """What Meson knows of the serial tests."""
        return [test for test in self.tests if "ucow:serial" in test["suite"]]

    @cached_property
    def serial_files(self) -> dict[str, str]:
        """The file of each serial test, from the root of the tree."""
        return {test["name"]: os.path.relpath(test["cmd"][-1], self.tree) for test in self.serial}

    def modules(self, promise: str = "") -> list[str]:
        """The files of the serial tests; the promise is a number of docs/defects.md, or none."""
        order = {name: at for at, name in enumerate([*FIRST, "", *LAST])}
        files = {name: file for name, file in self.serial_files.items() if name not in OF_THE_HARNESS}
        citing = {name for name, file in files.items()
                  if promise and promise in (self.tree / file).read_text(encoding="utf-8")}
        names = sorted(files, key=lambda name: (name not in citing, order.get(name, order[""])))
        return [files[name] for name in names]

    def serial_tests(self, wanted: list[str], say: Callable[[str], None]) -> Catch | None:
        """The first of the serial tests that fails, or with which nothing moves any more."""
        example = self.serial[0]
        words = [*example["cmd"][:-1], "-vv", "-x", "--tb=no", *wanted]
        output = ""
        with subprocess.Popen(words, cwd=self.tree, env={**os.environ, **example["env"]}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True) as pytest:
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
        return None if pytest.returncode == 0 else Catch("serial", name)


class Laboratory:
    """A copy of the tree with its builds, for one thread."""

    def __init__(self, folder: Path):
        self.tree = folder = folder.resolve()
        shutil.copytree(ROOT, folder, ignore=not_copied, copy_function=copy_changed, dirs_exist_ok=True)
        self.builds = {name: Build(folder, name) for name in CONFIGURATIONS}

    def files(self) -> list[str]:
        """The C files that one of the configurations compiles for the kernel."""
        return [file for file in sorted({file for build in self.builds.values() for file in build.objects})
                if file.endswith(".c") and any(build.has(file) for build in self.builds.values())]

    def build_of(self, mutant: Mutant) -> Build:
        """The one that the list names, or the first that compiles the file; headers are of the default one."""
        able = [build for build in self.builds.values() if build.has(mutant.file)]
        return self.builds[mutant.configuration or (able[0].name if able else "default")]

    @contextlib.contextmanager
    def planted(self, mutant: Mutant) -> Iterator[None]:
        path = self.tree / mutant.file
        path.write_text(mutant.mutated, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(mutant.text, encoding="utf-8")

    def judge(self, mutant: Mutant, say: Callable[[str], None]) -> dict:
        """Everything there is to know about a mutant: the outcome, who caught it, and how long it took."""
        build, start = self.build_of(mutant), time.monotonic()
        say("building the original")
        original = build.original
        with self.planted(mutant):
            say("building")
            outcome, catch = self.look(build, mutant, original, say)
        if catch and str(catch) not in build.trusted:
            say(f"{catch}, without the mutant")
            self.check(build, mutant, catch, say)
        return {"key": mutant.key, "label": mutant.label, "operator": mutant.operator, "file": mutant.file,
                "line": mutant.line, "diff": mutant.diff, "what": mutant.what, "defect": mutant.defect,
                "configuration": build.name, "outcome": outcome, "test": str(catch) if catch else "",
                "seconds": round(time.monotonic() - start, 1)}

    def look(self, build: Build, mutant: Mutant, original: list[bytes],
             say: Callable[[str], None]) -> tuple[str, Catch | None]:
        subjects = build.subjects(mutant.file)
        if not build.ninja(KERNEL):
            return "does not build", None
        if build.loaded() == original:
            return "same kernel", None
        if not build.ninja(*(f"test/unit/unit_{subject}" for subject in subjects)):
            return "does not build", None
        tests = [lambda subject=subject: build.unit_test(subject) for subject in subjects]
        for test in [*tests, *[lambda: build.serial_tests(build.modules(mutant.defect), say)] * 2]:
            catch = test()
            if catch and self.again(build, catch, say):
                return "timeout" if catch.timeout else "caught", catch
            if not catch and test not in tests:
                break
        return "survived", None

    def again(self, build: Build, catch: Catch, say: Callable[[str], None]) -> Catch | None:
        """Run the test that caught a mutant once more, by itself."""
        if catch.suite == "unit":
            return build.unit_test(catch.test.partition(":")[0])
        module, _, test = catch.test.partition("::")
        return build.serial_tests([f"{build.serial_files[module]}::{test}"] if test else build.modules(), say)

    def check(self, build: Build, mutant: Mutant, catch: Catch, say: Callable[[str], None]):
        """Run the test without the mutant."""
        subjects = build.subjects(mutant.file)
        if not build.ninja(KERNEL, *(f"test/unit/unit_{subject}" for subject in subjects)):
            raise LabError(f"{mutant.label}: the tree does not build any more without it")
        if self.again(build, catch, say):
            raise LabError(f"{catch} fails without a mutant, too, in {build.folder}: it cannot have caught one")
        build.trusted.add(str(catch))


def not_copied(folder: str, names: list[str]) -> list[str]:
    """What of a folder is no source: builds, git's own, and what Python leaves."""
    top = ROOT.samefile(folder)
    return [name for name in names if name == "__pycache__" or top and (name == ".git" or name.startswith("build"))]


def copy_changed(source: str, target: str) -> str:
    """Copy a file unless the target is the same, whose time then says that there is nothing to build."""
    if not Path(target).is_file() or not filecmp.cmp(source, target, shallow=False):
        shutil.copy(source, target)
    return target
