# SPDX-License-Identifier: MIT
"""tools/pages, with user/memory/pagekinds.c on a stopped machine, whose sharing is known."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest
from click.testing import CliRunner

TOOL = Path(__file__).resolve().parents[3] / "tools/pages"
PARENT, CHILD = 2, 3
OWN, COMMON, ON_PURPOSE, SWAPPED = (0x40000000 + n * 0x8000 for n in range(4))


def tool(build, *arguments) -> subprocess.CompletedProcess:
    """Run tools/pages as a user does."""
    return subprocess.run([sys.executable, TOOL, "--elf", build.kernel, *map(str, arguments)], capture_output=True,
                          text=True)


@pytest.fixture
def pagekinds(boot) -> Iterator:
    """A machine whose two processes have pages of every kind, stopped."""
    with boot("pagekinds", "wait", memory="32M") as live:
        live.expect("pagekinds: of ")
        live.expect("\n")
        live.qmp.stop()
        yield live


def wanted(build, other: int) -> dict[int, tuple]:
    """Pages, kind, rights and sharers of the runs at each address, for the process that shares with `other`."""
    inherited = ("shared", "c", [other]) if build.cow else ("private", "w", [])
    runs = {OWN: (3, "private", "w", []), COMMON: (5, *inherited), ON_PURPOSE: (2, "shared", "w", [other]),
            SWAPPED: (1, *inherited)}
    if build.swap and (build.cow or other == CHILD):
        runs[SWAPPED] = (1, "swapped", "-", [other] if build.cow else [])
    return runs


def assert_readable(memory_file, build):
    """tools/pages prints a table for one process, and one sentence for an error. Run in this process, for speed."""
    loader = SourceFileLoader("tools_pages", str(TOOL))
    loader.exec_module(module := module_from_spec(spec_from_loader(loader.name, loader)))
    main = module.main
    done = CliRunner().invoke(main, ["--elf", str(build.kernel), "--pid", str(PARENT), str(memory_file)])
    assert done.exception is None
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:2] == [str(PARENT), "pagekinds"]
    assert ["40000000", "40003000", "3", "private", "write"] in lines
    assert ["40010000", "40012000", "2", "shared", "write", str(CHILD)] in lines
    failed = CliRunner().invoke(main, ["--elf", str(build.kernel), "--pid", "99", str(memory_file)])
    assert str(failed.exception) == "there is no process 99: there are 0 1 2 3"


def test_known_sharing(pagekinds, build):
    """Each run is listed once, with the right kind and sharers, for both processes."""
    done = tool(build, "--json", pagekinds.memory_file)
    assert (done.returncode, done.stderr) == (0, "")
    told = {process["pid"]: process for process in json.loads(done.stdout)}
    assert [(pid, process["name"]) for pid, process in told.items()] == [
        (0, "idle"), (1, "init"), (PARENT, "pagekinds"), (CHILD, "pagekinds")]
    for pid, other in ((PARENT, CHILD), (CHILD, PARENT)):
        runs = {run["start"]: run for run in told[pid]["runs"]}
        for start, (pages, kind, rights, pids) in wanted(build, other).items():
            run = runs.pop(start)
            assert (run["pages"], run["kind"], run["rights"], run["pids"]) == (pages, kind, rights, pids), hex(start)
            assert (run["slot"] != 0) == (kind == "swapped")
        assert any((run["kind"], run["pids"]) == ("cache", [other]) for run in runs.values())
        assert {run["kind"] for run in runs.values()} <= {"cache", "private", "shared"}
    slots = {run["slot"] for process in told.values() for run in process["runs"] if run["slot"]}
    assert len(slots) == build.swap
    assert_readable(pagekinds.memory_file, build)
