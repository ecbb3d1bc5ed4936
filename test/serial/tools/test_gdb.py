# SPDX-License-Identifier: MIT
"""tools/gdb/ucow.py: a debugger sees processes, regions and frames of a stopped machine."""

import shutil
import subprocess

import pytest
from conftest import ROOT


@pytest.fixture
def gdb(boot, build, tmp_path, monkeypatch):
    """gdb(command, ...): what GDB prints for the commands, on a machine whose shell waits for input."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    monkeypatch.chdir(tmp_path)
    socket = "gdb"  # a socket's name must be short
    with boot("sh", extra=["-chardev", f"socket,path={socket},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]) as live:
        live.expect("$ ")

        def ask(*commands):
            arguments = [word for command in (f"source {ROOT}/tools/gdb/ucow.py", f"target remote {socket}", *commands)
                         for word in ("-ex", command)]
            answer = subprocess.run(["gdb", "-nx", "-q", "-batch", str(build.kernel), *arguments],
                                    capture_output=True, text=True, timeout=60)
            return answer.stdout + answer.stderr

        yield ask
        live.type("exit\n")
        live.end()


def test_processes(gdb):
    lines = [line.split() for line in gdb("ucow-ps").splitlines()]
    for line in (["*", "0", "0", "RUNNING", "idle"], ["1", "0", "SLEEPING", "init"]):
        assert line in lines
    assert any(line[:3] == ["2", "1", "SLEEPING"] and line[-1] == "sh" for line in lines)


def test_regions_and_frame(gdb):
    answer = gdb("ucow-vmas 2", "ucow-frame 2")
    assert "aff00000-b0000000 rw-- zeros" in answer  # the stack
    assert "00800000-" in answer and "r-x- file" in answer
    assert "trapno = 128" in answer


def test_errors(gdb):
    """Each is a sentence, also without a machine."""
    answer = gdb("ucow-vmas 77", "ucow-vmas 1", "ucow-vmas 1 2", "ucow-ps all", "ucow-frame nosuch", "detach", "ucow-ps")
    assert "Traceback" not in answer and "Python Exception" not in answer
    assert "ucow-vmas takes one pid" in answer and "No symbol \"nosuch\"" in answer
    assert "ucow-ps takes no argument" in answer
    assert "ucow-ps: " in answer.splitlines()[-1]
    assert "there is no process 77: see ucow-ps" in answer
    assert "process 1 has no user memory" in answer
