# SPDX-License-Identifier: MIT
"""What judges a run is not deceived: tools/run and the fuzzers, by the kernels of `sabotage`, whose names say what they do.

init's judgement is in test_samepid.py, the harness's in test_harness.py, that of tools/compare in test_plang.py, and that
of tools/grade in test_grade_kernels.py. tools/matrix and tools/mutate judge by the results of tests. (D88)
"""

import os
import re
import shutil
import subprocess
import sys
import types

import pytest
from conftest import ROOT
from qemu_options import IDLES
from ucow import LabError, bench as benchmark, fuzz, growth, latency, mutation
from ucow.machine import Machine

# Each kernel, and the status of tools/run.
KERNELS = {"honest": 0, "silent": 4, "truncated": 4, "late_panic": 4, "leak": 4, "restart": 4, "wrong_status": 3, "panic": 2,
           "triple_fault": 4, "reset": 4, "hang": 4}
TIMEOUT = 60

# What measures, and the pattern of its numbers; here a banner has them.
MEASURING = {"bench": (lambda machine, limit: benchmark.measure(machine, limit), "ROW", r"^(ucow) (\d)"),
             "growth": (lambda machine, limit: growth.cost(machine, limit), "ROW", r"^ucow (\d)"),
             "latency": (lambda machine, limit: latency.lateness(machine.run(limit)), "LINE", r"^ucow (\d)\.(\d)\.(\d)")}
OTHER_KERNEL = """#!/bin/bash
words=("$@")
for ((i = 0; i < $#; i++)); do
    [ "${words[i]}" != -kernel ] || words[i + 1]=$SABOTAGE
done
exec "$QEMU" "${words[@]//sleep=off/sleep=on}"
"""


@pytest.mark.parametrize("name", KERNELS)
def test_tools_run(build, tmp_path, name):
    """It boots the kernel of the build; here QEMU gets another one, and a machine that hangs does nothing (qemu_options.py)."""
    qemu = tmp_path / "qemu-system-i386"
    qemu.write_text(OTHER_KERNEL)
    qemu.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "QEMU": shutil.which("qemu-system-i386"),
                                "SABOTAGE": str(build.folder / f"test/serial/sabotage/{name}.elf")}
    limit = 2 if name == "hang" else TIMEOUT
    done = subprocess.run([ROOT / "tools/run", "--build", build.folder, "--timeout", str(limit), "hello"], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=2 * TIMEOUT, check=False)
    assert done.returncode == KERNELS[name], done.stdout + done.stderr


@pytest.mark.parametrize("name", KERNELS)
def test_fuzzers(build, monkeypatch, name):
    """The honest kernel passes every check of the machine; but it runs no program, so nothing was tried."""
    kernel = build.folder / f"test/serial/sabotage/{name}.elf"
    monkeypatch.setattr(fuzz, "boot", lambda *_: Machine(kernel, extra=IDLES).run(1 if name == "hang" else TIMEOUT))
    wrong = [fuzz.syscalls(build.folder, "exhaustive").wrong, fuzz.code(build.folder, 1, 10).wrong]
    assert all(wrong), wrong
    if name == "honest":
        assert [len(found) for found in wrong] == [1, 1], wrong


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("tool", MEASURING)
def test_what_measures(build, monkeypatch, tool, name):
    """The numbers of a run that did not pass are none."""
    measure, attribute, pattern = MEASURING[tool]
    monkeypatch.setattr(f"ucow.{tool}.{attribute}", re.compile(pattern))
    machine = Machine(build.folder / f"test/serial/sabotage/{name}.elf", extra=IDLES)
    if name == "honest":
        assert measure(machine, TIMEOUT) is not None
        return
    with pytest.raises(LabError):
        measure(machine, 1 if name == "hang" else TIMEOUT)


def copy_of_matrix(folder, status: int, result: str):
    """tools/matrix with a tools/test of which one test has `result`, and which ends with `status`."""
    for name in ("tools/matrix", "tools/lib/children.sh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "test").mkdir()
    (folder / "test/configurations").write_text("default ci\n")
    test = folder / "tools/test"
    test.write_text(f"""#!/bin/sh
        mkdir -p "$2/meson-logs"; echo '{{"name": "x", "result": "{result}"}}' >"$2/meson-logs/testlog.json"; exit {status}""")
    test.chmod(0o755)
    return [folder / "tools/matrix", "--results", folder / "results", "default"]


@pytest.mark.parametrize("status, result, failed", [(0, "OK", "0"), (1, "FAIL", "1"), (1, "OK", "-")])
def test_matrix(tmp_path, status, result, failed):
    """A run that failed though no test did, because tests left a process, say; and the same run read from its file."""
    command = copy_of_matrix(tmp_path, status, result)
    environment = {name: value for name, value in os.environ.items() if name != "UCOW_BUILD_ROOT"}
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=TIMEOUT, check=False)
        assert done.returncode == status and done.stdout.split()[-2] == failed, done.stdout + done.stderr
    merge = [*command[:1], "--merge", tmp_path / "results", "default"]
    assert subprocess.run(merge, capture_output=True, timeout=TIMEOUT, check=False).returncode == status
    assert (tmp_path / "results").read_text().count("default") == 1


@pytest.mark.parametrize("wanted, caught", [("test_good", None), ("test_bad", "x::test_bad"), ("test_nosuch", LabError)])
def test_mutate(tmp_path, wanted, caught):
    """Only a test that fails catches a mutant; one that pytest does not find is an error of the tool."""
    (tmp_path / "test/serial/x").mkdir(parents=True)
    (tmp_path / "test/serial/x/test_x.py").write_text("def test_good():\n    pass\n\ndef test_bad():\n    assert 0\n")
    build = mutation.Build.__new__(mutation.Build)
    build.tree, build.reach = tmp_path, types.SimpleNamespace(environment={})
    build.serial = [{"cmd": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "FILE"], "env": {}}]
    test = [f"test/serial/x/test_x.py::{wanted}"]
    if caught is LabError:
        with pytest.raises(LabError, match="test_nosuch"):
            build.serial_tests(test, print)
    else:
        found = build.serial_tests(test, print)
        assert (found and found.test) == caught
