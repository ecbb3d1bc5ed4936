# SPDX-License-Identifier: MIT
"""D95: names of files that need quotes: in TMPDIR, of a program from outside, of the machine's memory and swap files.

.ci/odd-names builds and tests the whole tree in such a folder.
"""

import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, stderr_of
from ucow import LabError, children, quoting

ODD = "-a b, 'c' \"d\" -- hello x=ü"
TIMEOUT = 100  # wall-clock backstop of a machine


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A folder with such a name; the folders for scratch files have one, too."""
    for variable in ("TMPDIR", "UCOW_SHM"):
        folder = tmp_path / f"{variable} {ODD}"
        folder.mkdir()
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setattr(children, "SHARED_MEMORY", folder)
    folder = tmp_path / ODD
    folder.mkdir()
    return folder


def test_tools_run(build, odd):
    shutil.copy(build.folder / "user/args.elf", odd / "my,args.elf")
    disk = ["--swap", "1M"] if build.swap else []
    words = ["--build", build.folder, "--ram", f"{odd}/r,am", *disk, f"{odd}/my,args.elf", "a=b", "--"]
    done = subprocess.run([ROOT / "tools/run", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    assert (done.returncode, stderr_of(done)) == (0, ""), done.stdout + done.stderr
    for line in ("args: argc = 3", "args: argv[0] = my,args", "args: argv[1] = a=b", "args: argv[2] = --"):
        assert line in done.stdout.replace("\r", "").split("\n")
    assert (odd / "r,am").is_file()


def test_python_machine(build, odd, bench):
    """The same for the harness: the program is a boot module, the memory file lies in the odd folder."""
    shutil.copy(build.folder / "user/args.elf", odd / "args,elf")
    out = bench.run("mine", "a=b", modules={"mine": odd / "args,elf"})
    out.lines.in_order("args: argv[0] = mine", "args: argv[1] = a=b")
    assert f"cd {shlex.quote(str(odd))} && qemu-system-i386" in bench.runs[-1].repeat()


PLAIN = Path("/etc/passwd")  # a file whose name needs no quotes, wherever the tree and TMPDIR are


def test_folder_called_like_the_kernel(bench, tmp_path):
    """Refused, because the kernel would take the rest of the folder's name for its command line."""
    kernel = tmp_path / "ucow.elf -- hello" / "ucow.elf"
    with pytest.raises(LabError, match="rename the folder"):
        bench.machine("exit", kernel=kernel).command()


def test_module_names(odd):
    """What QEMU cannot be told is refused."""
    for name in ("b", "c d"):
        (odd / name).touch()
    assert quoting.module_list({"x": PLAIN}) == f"{PLAIN} x"
    assert quoting.module_list({"x": odd / "b", "y": odd / "b"}) == "b x,b y"
    with pytest.raises(LabError, match="one folder"):
        quoting.module_list({"x": PLAIN, "y": odd / "b"})
    with pytest.raises(LabError, match="without them"):
        quoting.module_list({"x": odd / "c d"})


def wait_for(condition, seconds: float = 20):
    """Return the first result that is true."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result


def printed_command(machine: subprocess.Popen) -> list[str]:
    """The words of the command that `tools/run --gdb` prints."""
    said = "tools/run: waiting for "
    line = wait_for(lambda: next((line for line in machine.stderr if line.startswith(f"{said}gdb ")), ""))
    return shlex.split(line.removeprefix(said))


def test_two_debuggers(build, odd):
    """Each `tools/run --gdb` waits at a socket of its own, and the command that it prints connects to it."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    command = [ROOT / "tools/run", "--build", build.folder, "--gdb", "hello"]
    machines = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 text=True) for _ in range(2)]
    try:
        commands = [printed_command(machine) for machine in machines]
        assert commands[0] != commands[1]
        for words in commands:
            wait_for(Path(words[-1]).with_name("gdb").exists)
            said = subprocess.run([*words, "-nx", "-batch", "-ex", "info registers eip", "-ex", "ucow-ps"],
                                  capture_output=True, text=True, timeout=60, check=False)
            assert "0xfff0" in said.stdout, said.stdout + said.stderr
            assert said.stderr.startswith("ucow-ps: ") and "has it booted?" in said.stderr  # paging is off
    finally:
        for machine in machines:
            machine.terminate()
            machine.communicate(timeout=20)
