# SPDX-License-Identifier: MIT
"""D98: what a tool cannot do it refuses in one sentence, before it installs, builds or measures anything.

So it does when a program or a Python module that it needs is missing, or when there is no room. test_commands.py and
test_run_tool.py have more wrong arguments.
"""

import os
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest
from conftest import ROOT
from ucow import cli
from ucow.machine import Machine

TIMEOUT = 100  # wall-clock backstop

# A command in Python and the sentence that refuses it. {ram} is the memory file of a run, {cut} its beginning, {new} a
# name that does not exist and must not afterwards, {full} a folder with a file, {build} the build under test.
IN_PYTHON = {
    "trace --event= {ram}": "a pattern is empty: name an event",
    "trace --event nosuch {ram}": "no event is called nosuch: there are",
    "trace --pid 99 {ram}": "no event is of process 99: there are 0 1 2",
    "trace --chrome {new} --pid 2 {ram}": "--chrome writes the whole trace: omit",
    "trace --ctf {full} {ram}": "exists and has other files: name a new folder",
    "trace --ctf {new} --last 2 {ram}": "--ctf writes the whole trace: omit",
    "trace --follow --last 2 {ram}": "--follow prints events as they happen: omit",
    "trace --html {new} {ram} {new}": "No such file or directory; name a memory file",
    "trace --html {new} {ram} {ram} {ram}": "--html alone takes a second SOURCE, to compare two runs, and nothing takes more: here are 3",
    "trace {ram} {ram}": "--html alone takes a second SOURCE",
    "trace --html {ram} {ram}": "exists and is no page: name the file to write first",
    "trace --html {new} --elf a --elf b {ram}": "give --elf once, or once for each SOURCE: here 2 times for 1",
    "trace {full}": "Is a directory; name a memory file",
    "trace {cut}": "not this machine's memory",
    "trace README.md": "not this machine's memory",
    "trace qmp:{new}": "No such file or directory; is a QEMU running",
    "trace qmp:{deep}/new": "No such file or directory; is a QEMU running",
    "pages --elf /bin/ls {ram}": "/bin/ls",
    "pages --elf {full} {ram}": "no such kernel; build it first",
    "pages --pid 99 {ram}": "there is no process 99: there are",
    "pages {cut}": "not this machine's memory",
    "coverage a b c": "is no build directory",
    "bench -D nosuch=1 --build {new}": "-D nosuch=1: there is no option nosuch; there are buildtype",
    "bench -D cow=false --plot {new}/x.svg": "--plot with -D or --csv draws differences: give --baseline FILE",
    "bench --build /proc/x": "/proc/x: No such file or directory",
    "bench --json /nonexistent/x --build {new}": "/nonexistent/x cannot be written",
    "bench --plot /nonexistent/x.svg --build {new}": "/nonexistent/x.svg cannot be written",
    "bench --growth --only nosuch --build {new}": "no parameter is called nosuch: there are",
    "mutate --folder /proc/x --list": "/proc/x: No such file or directory",
    "mutate --fresh 3 -D nosuch=1 --list": "-D nosuch=1: there is no option nosuch; there are",
    "mutate -D cow=false --list": "-D goes with --fresh",
    "compare README.md --build {build}": "is no statement",
    "compare /dev/null --build {build}": "/dev/null has no statement",
    "compare --build {full}": "is no build directory",
    "inject nosuchprog --build {new}": "there is no program nosuchprog: user has",
    "fuzz code --build {full}": "is not empty and no build directory",
    "planted {full}": "is no build directory",
}

# The words after `tools/run --build {build}` and the sentence; nothing is booted.
OF_RUN = {
    "trace=maybe hello": "trace=maybe: give trace=on or trace=off",
    "--gdb=there hello": "--gdb=there: give the number of a TCP port, or here",
    "--gdb --event nosuch:2 forktest": "--event nosuch:2: no event is called nosuch; there are boot fork exec exit",
    "--gdb=99999 hello": "--gdb=99999: give the number of a TCP port, or here",
    "--html forktest": "--html forktest: forktest is a program; give the file first, as in --html forktest.html forktest",
    "monitor=yes hello": "monitor=yes: give monitor=on or monitor=off",
    "max_procs=abc hello": "max_procs=abc: give a number above 0",
    "trace_kib=0 hello": "trace_kib=0: give a number above 0",
    "nosuchkey=1 hello": "the kernel has no option nosuchkey: there are",
    "selftest=nosuch hello": "selftest=nosuch: there is no such mistake; there are panic",
    "--ram {full} hello": "name a file in a folder that you may write to",
    "--ram /nonexistent/x hello": "name a file in a folder that you may write to",
    "--html /nonexistent/x hello": "name a file in a folder that you may write to",
    "trace=off --html {new} hello": "--html shows the events of the trace: omit trace=off",
    "--display --record {new} hello": "--display: a recording has the input of the serial line only",
    "screen=1 hello": "screen=1: give screen=on or screen=off",
    "--memory 1M hello": "needs memory above it: give at least 4M",
    "--memory 99999999999999999999M hello": "that is too large",
    "{full}/nosuch.elf": "there is no file",
    "{full}": "is a directory: name the file of a program",
    "--with {full}/nosuch.elf": "there is no file",
    "--with README.md hello": "is not a static ELF",
    "{full}/" + 32 * "n" + ".elf": "has more than 31 bytes: give the file a shorter name",
    "--with {full}/" + 16 * "å": "has more than 31 bytes: give the file a shorter name",
    "nosuch.c": "nosuch.c is C: compile it with tools/cc nosuch.c, then tools/run ./nosuch",
}

MODULES = {
    "click": ["bench", "compare", "configurations", "coverage", "fuzz", "inject", "inspect", "model", "mutate", "pages", "planted", "strace", "trace"],
    "rich": ["bench", "compare", "fuzz code", "inject hello", "model --table", "mutate --list", "pages x --elf {build}/kernel/ucow.elf"],
    "elftools": ["inject hello", "mutate --list"],
    "hypothesis": ["compare"],
    "matplotlib": ["bench --plot {new}.svg --build {new}"],
}

# What is hidden from a tool, its command and the sentence. Without apt-get nothing is installed.
PROGRAMS = {
    ("meson",): ("bench --build {new}", "meson is not installed: apt-get install meson"),
    ("ninja",): ("fuzz code --build {build}", "ninja is not installed: apt-get install ninja-build"),
    ("setpriv",): ("fuzz code --build {build}", "setpriv is not installed: apt-get install util-linux"),
    ("qemu-system-i386",): ("fuzz code -n 1 --build {build}",
                            "qemu-system-i386 is not installed: apt-get install qemu-system-x86"),
    ("gdb",): ("run --build {build} --gdb=here hello", "gdb is not installed: apt-get install gdb"),
    ("qemu-system-i386", "apt-get"): ("run --build {build} hello", "install what Debian calls qemu-system-x86"),
    ("clang", "apt-get"): ("run --build {build} hello", "install what Debian calls clang"),
    ("meson", "apt-get"): ("test --build {build} exit", "install what Debian calls meson"),
}


@pytest.fixture(scope="module")
def places(build, tmp_path_factory) -> dict[str, Path]:
    """What the names in the tables stand for."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "full").mkdir()
    (folder / "full/file").touch()
    (folder / ("d" * 120)).mkdir()
    run = Machine(build.kernel, ["hello"], ["trace_kib=64"], memory=build.room("16M"), swap="1M" if build.swap else None).run()
    run.memory_file.rename(folder / "ram") if run.memory_file.stat().st_dev == folder.stat().st_dev else \
        (folder / "ram").write_bytes(run.memory_file.read_bytes())
    run.close()
    (folder / "cut").write_bytes((folder / "ram").read_bytes()[:1 << 20])
    return {"build": build.folder, "new": folder / "new", "full": folder / "full", "ram": folder / "ram", "cut": folder / "cut",
            "deep": folder / ("d" * 120)}


def filled(line: str, places: dict[str, Path]) -> list[str]:
    return [word.format(**places) for word in line.split()]


def assert_refused(status: int, output: str, errors: str, tool: str, says: str, places: dict[str, Path]):
    assert status not in (0, None), output + errors
    assert "Traceback" not in output + errors, output + errors
    last = errors.splitlines()[-1]
    assert last.startswith(f"tools/{tool}: ") and says in last, errors
    assert not places["new"].exists()


@pytest.mark.parametrize("line, says", IN_PYTHON.items(), ids=IN_PYTHON)
def test_in_python(line, says, build, places, monkeypatch, capsys):
    if line.startswith("trace --"):
        build.need_trace()
    words = filled(line, places)
    loader = SourceFileLoader(f"tool_{words[0]}", str(ROOT / "tools" / words[0]))
    tool = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(tool)
    elf = ["--elf", str(build.kernel)] if words[0] in ("trace", "pages") and "--elf" not in words else []
    monkeypatch.setattr(sys, "argv", [str(ROOT / "tools" / words[0]), *elf, *words[1:]])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as end:
        cli.run(tool.main)
    assert_refused(end.value.code, *capsys.readouterr(), words[0], says, places)


def call(words: list[str], **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / "tools" / words[0], *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT, check=False, cwd=ROOT, env={**os.environ, **environment})


@pytest.mark.parametrize("line, says", OF_RUN.items(), ids=OF_RUN)
def test_of_run(line, says, places):
    done = call(["run", "--build", str(places["build"]), *filled(line, places)])
    assert (done.returncode, done.stdout) == (5, "")
    assert_refused(done.returncode, done.stdout, done.stderr, "run", says, places)


def test_refusal_of_qemu(places):
    """Its own last words, also where another program's stand behind them."""
    done = call(["run", "--build", str(places["build"]), "--cpu", "nosuch", "hello"])
    assert_refused(done.returncode, done.stdout, done.stderr, "run", "QEMU: ", places)
    assert "nosuch" in done.stderr.splitlines()[-1] and "Terminated" not in done.stderr


def test_a_page_that_cannot_be_written(build, places):
    """The run is shown; its status says that not all was done."""
    build.need_trace()
    done = call(["run", "--build", str(places["build"]), "--html", f"{places['full']}/file/page", "hello"])
    assert "hello pass." in done.stdout and done.returncode == 5
    assert_refused(done.returncode, "", done.stderr, "run", "there is no page", places)


def test_closed_input(places):
    """The shell ends with it, as at the end of its input."""
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", ROOT / "tools/run", "--build", str(places["build"])], capture_output=True,
                          text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0 and "init check memory pass." in done.stdout, done.stderr


def test_option_of_another_build(build, places):
    """The kernel ignores it; so what has run is not what was asked for."""
    if build.inject:
        pytest.skip("the kernel is built with -Dinject=true")
    done = call(["run", "--build", str(places["build"]), "inject=frame:1", "hello"])
    assert "hello pass." in done.stdout
    assert_refused(done.returncode, "", done.stderr, "run", "needs a kernel built with -Dinject=true: ignored", places)


@pytest.mark.parametrize("module, line", [(module, line) for module, lines in MODULES.items() for line in lines])
def test_missing_module(module, line, places, tmp_path):
    """A module of the same name that cannot be imported stands before it."""
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError('No module named {module}', name='{module}')\n")
    words = filled(line, places)
    done = call(words, PYTHONPATH=str(tmp_path))
    package = {"elftools": "pyelftools"}.get(module, module)
    says = f"python's {module} is missing: apt-get install python3-{package}"
    assert_refused(done.returncode, done.stdout, done.stderr, words[0], says, places)


@pytest.fixture(scope="module")
def farm(tmp_path_factory) -> Path:
    """A folder with a link to each program of this machine."""
    folder = tmp_path_factory.mktemp("bin")
    for path in (path for place in os.get_exec_path() if Path(place).is_dir() for path in Path(place).iterdir()):
        if not (folder / path.name).is_symlink():
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize("hidden", PROGRAMS, ids=" ".join)
def test_missing_program(hidden, places, farm):
    line, says = PROGRAMS[hidden]
    words = filled(line, places)
    links = {program: os.readlink(farm / program) for program in hidden if (farm / program).is_symlink()}
    for program in links:
        (farm / program).unlink()
    try:
        done = call(words, PATH=str(farm))
    finally:
        for program, target in links.items():
            (farm / program).symlink_to(target)
    assert_refused(done.returncode, done.stdout, done.stderr, words[0], says, places)


@pytest.mark.parametrize("line, says", [
    ("run --build {build} --ram {room}/ram hello", "no room for the machine's memory"),
    ("fuzz code -n 1 --build {build}", "no room for the machine's memory"),
    ("run --build {room}/b hello", "there is no room left on the disk of")])
def test_no_room(line, says, places, tmp_path):
    """TMPDIR and shared memory are full."""
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-c",
             'mount -t tmpfs -o size=64k none "$0" && exec "$@"', str(tmp_path)]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    words = filled(line, places | {"room": tmp_path})
    done = subprocess.run([*mount, ROOT / "tools" / words[0], *words[1:]], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=TIMEOUT, check=False, cwd=ROOT,
                          env={**os.environ, "TMPDIR": str(tmp_path), "UCOW_SHM": str(tmp_path)})
    assert_refused(done.returncode, done.stdout, done.stderr, words[0], says, places)


@pytest.mark.parametrize("place", ["{build}", "{closed}", "{closed}/b"])
@pytest.mark.parametrize("line", ["run --build {} hello", "test --build {} hello", "fuzz code -n 1 --build {}"])
def test_no_permission(line, place, places, tmp_path):
    """The build is another user's: closed for writing, closed, or in a closed folder. Only root can be one here."""
    if os.geteuid() != 0:
        pytest.skip("this user cannot become another one")
    tmp_path.chmod(0o700)
    words = filled(line.format(place), places | {"closed": tmp_path})
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    if subprocess.run([*become, "test", "-x", ROOT / "tools/run"], capture_output=True, check=False).returncode:
        pytest.skip("the tree is in a folder of this user only")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        os.chmod(scratch, 0o777)
        done = subprocess.run([*become, ROOT / "tools" / words[0], *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT, check=False, cwd=ROOT, env={**os.environ, "HOME": scratch, "TMPDIR": scratch})
    assert_refused(done.returncode, done.stdout, done.stderr, words[0], "cannot be written", places)
