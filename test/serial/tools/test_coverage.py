# SPDX-License-Identifier: MIT
"""-Dcoverage=true, tools/ucow/coverage.py: exactly the code that ran is counted, however the machine ended."""

import shutil

import pytest
from ucow import LabError
from ucow.counters import collect, counters_file
from ucow.coverage import CountedBuild, Missed, Source, complaints, coverage
from ucow.machine import Machine

COUNTS = ["trace=off"]
EXEC, KILL, PANIC = "kernel/proc/exec.c", "kernel/proc/kill.c", "kernel/watch/panic.c"


@pytest.fixture
def counted(build, tmp_path):
    """A build directory with a copy of the kernel, so that its counts are those of this test only."""
    if not build.coverage:
        pytest.skip("the kernel is built with -Dcoverage=false")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "meson-info").mkdir()
    for name in ("kernel/ucow.elf", "kernel/config.h", "compile_commands.json", "meson-info/meson-info.json"):
        shutil.copy(build.folder / name, tmp_path / name)
    return CountedBuild(tmp_path)


def boot(counted, *program, options=()):
    Machine(counted.kernel, program, [*COUNTS, *options]).run().close()
    return coverage([counted])


def runs_of(source, function):
    return source.lines[next(line for line, name in source.functions.items() if name == function)]


def test_what_ran_is_counted(counted):
    """Counts of several runs are added; a second equal run has the same counts."""
    first = boot(counted, "hello")
    assert (runs_of(first[EXEC], "do_execve"), runs_of(first[KILL], "do_kill")) == (1, 0)
    assert first[KILL].missed()["do_kill"].lines and "do_kill" not in first[EXEC].functions.values()
    second = boot(counted, "hello")
    assert all(second[EXEC].lines[line] == 2 * count for line, count in first[EXEC].lines.items())
    third = boot(counted, "waitkill")
    assert runs_of(third[KILL], "do_kill") == 2  # the parent, and a sibling


def test_machine_that_panics_or_is_killed_is_counted(counted):
    assert runs_of(boot(counted, "hello", options=["selftest=null"])[PANIC], "report_trap") == 1
    with Machine(counted.kernel, ["sh"], COUNTS).start() as live:
        live.expect("$ ")
    assert runs_of(coverage([counted])[EXEC], "do_execve") == 1


def test_other_kernels_are_not_counted(counted, build, tmp_path):
    """Memory of another kernel, of a machine that did not start, and counts of an older kernel are rejected."""
    with pytest.raises(LabError, match="no machine has booted"):
        coverage([counted])
    (tmp_path / "blank").write_bytes(bytes(8 << 20))
    for memory in (tmp_path / "blank", tmp_path / "none", __file__):
        collect(counted.kernel, type(tmp_path)(memory))
    assert not counters_file(counted.kernel).exists()
    boot(counted, "hello")
    counted.kernel.touch()
    with pytest.raises(LabError, match="since it was built"):
        coverage([counted])


def test_kernel_that_does_not_count(bench):
    honest = bench.build.folder / "test/serial/sabotage/honest.elf"
    bench.runs.append(bench.machine(kernel=honest).run())
    assert not counters_file(honest).exists()
    assert bench.build.coverage or not counters_file(bench.build.kernel).exists()


def test_reasons_are_for_what_never_ran():
    """Each function that never ran needs a reason, and one that ran must have none."""
    source = Source("kernel/proc/kill.c", {10: 1, 11: 0, 20: 1}, {(20, 0): 1, (20, 1): 0}, {10: "first", 20: "second"})
    assert source.missed() == {"first": Missed([11], []), "second": Missed([], [20])}
    sources, first, second = {source.name: source}, (source.name, "first"), (source.name, "second")
    third, whole = (source.name, "third"), (source.name, "*")
    for given in ({first: "x", second: "x"}, {first: "x"}, {whole: "x"}, {whole: "x", third: "at times x"}):
        assert complaints(sources, given) == []
    assert "first has lines that never run" in complaints(sources, {})[0]
    assert "third is left to run" in complaints(sources, {first: "x", third: "x"})[0]
    assert "* is left to run" in complaints({}, {whole: "x"})[0]
