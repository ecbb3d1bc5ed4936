# SPDX-License-Identifier: MIT
"""tools/trace and tools/pages refuse memory that is not of the kernel they know. (D110, D134)"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from ucow import LabError
from ucow.machine import PASSED
from ucow.memory import FileMemory
from ucow.symbols import Symbols, physical
from ucow.trace import read_trace

TOOLS = Path(__file__).resolve().parents[3] / "tools"


@pytest.fixture
def memory(bench, fmt) -> Path:
    """The memory of a machine that has ended."""
    run = bench.machine("hello", memory="32M").run()
    bench.judge(run, PASSED)
    return run.memory_file


@pytest.fixture
def relinked(build, tmp_path) -> Path:
    """The same kernel with another build id, as after a change that moves nothing."""
    with build.kernel.open("rb") as file:
        offset = ELFFile(file).get_section_by_name(".build_id")["sh_offset"]
    code = bytearray(build.kernel.read_bytes())
    code[offset + 35] ^= 1
    path = tmp_path / "ucow.elf"
    path.write_bytes(code)
    return path


def assert_refused(tool: str, kernel: Path, source: Path, why: str):
    """The tool ends with status 1 and one line on stderr that contains `why`."""
    done = subprocess.run([sys.executable, TOOLS / tool, "--elf", kernel, source], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert why in done.stderr


@pytest.mark.parametrize("tool", ["trace", "pages"])
def test_refused(build, memory, relinked, tmp_path, tool):
    """Another kernel's memory, a file that was cut off, one that is foreign, a huge one, and a folder."""
    assert_refused(tool, relinked, memory, "another kernel ran")
    cut, foreign, huge = tmp_path / "cut", tmp_path / "foreign", tmp_path / "huge"
    cut.write_bytes(memory.read_bytes()[:0x110000])
    foreign.write_bytes(bytes(range(256)) * 65536)
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    assert_refused(tool, build.kernel, cut, "ends before physical address")
    assert_refused(tool, build.kernel, foreign, "not a ucow machine")
    assert_refused(tool, build.kernel, huge, "not a ucow machine")
    assert_refused(tool, build.kernel, tmp_path, "Is a directory")
    os.mkfifo(tmp_path / "pipe")
    assert_refused(tool, build.kernel, tmp_path / "pipe", "Is a pipe")
    assert_refused(tool, build.kernel, build.kernel, "no core")


def test_pointer_to_nothing(memory):
    """A kernel that has not begun has only null pointers."""
    with pytest.raises(LabError, match="a pointer to no memory of the kernel"):
        FileMemory(memory).read(physical(0), 4)


def test_harness(build, memory, relinked):
    """The harness reads the trace by the same rule."""
    with pytest.raises(LabError, match="another kernel ran"):
        read_trace(FileMemory(memory), Symbols(relinked))
    assert len(read_trace(FileMemory(memory), Symbols(build.kernel))) > 0
