# SPDX-License-Identifier: MIT
"""tools/run in virtual time: two runs are equal; a recorded run is repeated, and the debugger steps backwards in it."""

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, stderr_of
from ucow import LabError, recording
from ucow.memory import FileMemory
from ucow.symbols import Symbols, physical
from ucow.trace import load_trace

TIMEOUT = 100  # wall-clock backstop of a machine
PASSED, PROGRAM_FAILED, PANIC, NO_VERDICT, REFUSED = 0, 1, 2, 4, 5


def run_in(folder: Path, *words: str | Path, typed: str | None = None) -> subprocess.CompletedProcess:
    """Run tools/run on a build directory; stdin is /dev/null unless something is typed."""
    source = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run([ROOT / "tools/run", "--build", folder, *words], capture_output=True, text=True,
                          timeout=TIMEOUT, check=False, **source)


@pytest.fixture(scope="module")
def recorded(build, tmp_path_factory) -> Path:
    """A recording of the program exit."""
    file = tmp_path_factory.mktemp("recorded") / "a, recording"
    done = run_in(build.folder, "--record", file, "exit")
    assert done.returncode == PASSED and "tools/run: recorded: " in done.stderr, done.stdout + done.stderr
    return file


def test_two_runs(build, tmp_path):
    """Instruction for instruction: the time stamps are equal, too."""
    build.need_trace()
    events, received = [], Symbols(build.kernel).address("chars_received")
    for name in ("first", "second"):
        assert run_in(build.folder, "--ram", tmp_path / name, "forktest").returncode == PASSED
        memory = FileMemory(tmp_path / name)
        assert not any(memory.read(physical(received), 4))  # the end of the input comes only after a while
        memory.close()
        events.append(list(map(str, load_trace(str(tmp_path / name), build.kernel))))
    assert len(events[0]) > 100
    assert events[0] == events[1]


def test_replay(build, recorded):
    """The output and the verdict are those of the recorded run, here of a program that fails."""
    done = run_in(build.folder, "--replay", recorded)
    assert done.returncode == PASSED and "exit pass." in done.stdout, done.stdout + done.stderr
    failing = recorded.with_name("failing")
    for status, *words in ((PROGRAM_FAILED, "--cpu", "max", "--memory", "64M", "waitkill"), (REFUSED, "nosuch")):
        first = run_in(build.folder, "--record", failing, *words)
        second = run_in(build.folder, "--replay", failing)
        assert (first.returncode, second.returncode) == (status, status), second.stderr
        assert first.stdout == second.stdout and first.stderr.endswith(stderr_of(second))


def test_shell(build, tmp_path, monkeypatch):
    """What is typed is in the recording, which may have a relative name."""
    monkeypatch.chdir(tmp_path)
    first = run_in(build.folder, "--record", "shell", typed="hello\nargs x\nexit\n")
    second = run_in(build.folder, "--replay", tmp_path / "shell")
    assert first.returncode == second.returncode == PASSED, first.stdout + second.stdout + second.stderr
    assert "hello pass." in second.stdout and "args: argv[1] = x" in second.stdout
    assert first.stdout == second.stdout


def test_prompt_after_panic(build, tmp_path):
    """What is typed there is, too."""
    if not build.planted:
        pytest.skip("the kernel is built with -Dplanted=false")
    first = run_in(build.folder, "--monitor", "--record", tmp_path / "panic", "selftest=panic", typed="ps\nquit\n")
    second = run_in(build.folder, "--replay", tmp_path / "panic")
    assert first.returncode == second.returncode == PANIC and "\n*    1      0 RUNNING   init" in second.stdout
    assert first.stdout == second.stdout


def test_program_and_disk(build, tmp_path):
    """The recording has a program from outside, and works with a swap disk."""
    (tmp_path / "my,args.elf").write_bytes((build.folder / "user/args.elf").read_bytes())
    disk = ["--swap", "1M"] if build.swap else []
    run_in(build.folder, *disk, "--record", tmp_path / "file", tmp_path / "my,args.elf", "b")
    (tmp_path / "my,args.elf").unlink()
    done = run_in(build.folder, "--replay", tmp_path / "file")
    assert done.returncode == PASSED and "args: argv[0] = my,args" in done.stdout, done.stdout + done.stderr


def test_wrong_recordings(build, recorded, tmp_path):
    """What is no recording of this kernel is refused in one sentence."""
    (tmp_path / "cut").write_bytes(recorded.read_bytes()[:3000])
    (tmp_path / "text").write_text("x")
    about = recording.unpack(recorded, tmp_path)
    (tmp_path / recording.ABOUT).unlink()
    recording.save(tmp_path, tmp_path / "other", build.kernel, about | {"kernel": "0" * 40})
    recording.save(tmp_path, tmp_path / "newer", build.kernel, about | {"qemu": "QEMU 99"})
    recording.save(tmp_path, tmp_path / "foul", build.kernel, about | {"memory": "1M -hda /etc/passwd"})
    (tmp_path / recording.START).unlink()
    recording.save(tmp_path, tmp_path / "part", build.kernel, about)
    (tmp_path / recording.LOG).write_bytes(bytes(100))
    with pytest.raises(LabError, match="QEMU was killed before it had finished its log"):
        recording.save(tmp_path, tmp_path / "never", build.kernel, about)
    for name, says in {"cut": "is no recording, or not whole", "text": "is no recording: tools/run --record makes",
                       "nosuch": "No such file", "other": "is of another kernel, whose build id is 000000000000; that of",
                       "newer": "was made by QEMU 99, and this is QEMU", "foul": "is no recording, or not whole",
                       "part": "is no recording, or not whole"}.items():
        done = run_in(build.folder, "--replay", tmp_path / name)
        assert (done.returncode, done.stdout) == (REFUSED, ""), name
        assert len(stderr_of(done).splitlines()) == 1 and f"{tmp_path}/{name}" in done.stderr and says in done.stderr


@pytest.mark.parametrize("words, says", [
    (["--replay", "x", "hello"], "the recording has the program and the machine: omit them"),
    (["--replay", "x", "--record", "y"], "give one of them"),
    (["--record", "x", "--gdb", "hello"], "record the run first"),
    (["--record", "x", "--realtime", "hello"], "a recording runs in virtual time"),
    (["--replay", "x", "--as-test"], "the recording has the program and the machine: omit them"),
    (["--event", "fork:2", "hello"], "the debugger goes there: give --gdb or --gdb=here, too"),
    (["--gdb", "--event", "fork", "hello"], "give a kind and a number, as in fork:2"),
    (["--record", "/nonexistent/x", "hello"], "name a file in a folder that you may write to")])
def test_contradictions(build, words, says):
    done = run_in(build.folder, *words)
    assert (done.returncode, done.stdout) == (REFUSED, "") and says in done.stderr
