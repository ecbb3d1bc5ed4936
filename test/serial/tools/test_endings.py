# SPDX-License-Identifier: MIT
"""D104, D133: a tool that is ended by a signal, at any moment, leaves nothing: no process, no file in TMPDIR or shared memory.

Some tools and signals are tried here. `UCOW_ENDINGS=all UCOW_SEED=7 meson test endings` tries all of them with all
signals, at moments that the seed selects.
"""

import fcntl
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from ucow import children, pools

SEED = os.environ.get("UCOW_SEED", "1")
SIGNALS = ["INT", "TERM", "HUP", "KILL"]
LATEST = 2          # seconds, at most, until the signal
END_SECONDS = 8     # a busy host's; a tool ends in a fraction of one
MARK = "UCOW_ENDINGS_MARK"

# The command of each tool. {build} is the build under test, {new} a folder for another one, and `socket` a server
# that never answers.
COMMANDS = {
    "run": "run --build {build} --gdb",
    "run, limited": "run --build {build} --timeout 100 bench live 2000",
    "run, shell": "run --build {build}",
    "run, recorded": "run --build {build} --record {new} bench live 2000",
    "run, building": "run --build {new} hello",
    "test": "test --build {build} exit forktest waitkill spin sh -- --logbase endings",
    "matrix": "matrix default",
    "fuzz": "fuzz code --build {build} -n 100000",
    "compare": "compare --build {build} -n 100000",
    "inject": "inject hello --build {new}",
    "mutate": "mutate --folder {new}",
    "model": "model",
    "bench": "bench --build {new}",
    "planted": "planted {build}",
    "trace": "trace qmp:socket --elf {build}/kernel/ucow.elf",
    "pages": "pages qmp:socket --elf {build}/kernel/ucow.elf",
    "inspect": "inspect qmp:socket --elf {build}/kernel/ucow.elf",
    "strace": "strace --elf {build}/kernel/ucow.elf bench live 2000",
    "broken": "broken --verify --build {build}",
    "mistakes": "mistakes --build {build} empty",
    "grade": "grade --build {build} --lab 1 {root}",
    "playground": "playground --build {build} --output {new} --port 8999",
    "coverage": "coverage {build}",
}
USUALLY = [("run", "INT"), ("run, limited", "TERM"), ("run", "KILL"), ("run, building", "HUP"), ("run, recorded", "INT"),
           ("run, recorded", "TERM"), ("fuzz", "INT"),
           ("fuzz", "KILL"), ("compare", "INT"), ("compare", "KILL"), ("test", "TERM"), ("trace", "HUP")]
CASES = ([(tool, name) for tool in COMMANDS for name in SIGNALS] if os.environ.get("UCOW_ENDINGS") == "all" else USUALLY)


def marked(mark: str) -> dict[int, str]:
    """The processes that descend from the tool, whatever their session: their environment has the mark."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass  # it has just ended
    return {pid: words for pid, words in found.items() if words}  # a zombie has none


def wait_until_owner(process: subprocess.Popen):
    """Wait until the tool handles signals. Before that it has no children, and Python may be interrupted anywhere."""
    status = Path(f"/proc/{process.pid}/status")
    deadline = time.monotonic() + END_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        caught = re.search(r"^SigCgt:\s*(\w+)", status.read_text(), re.MULTILINE)
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)


def left(mark: str, seconds: float) -> dict[int, str]:
    """The processes that are left after so many seconds."""
    deadline = time.monotonic() + seconds
    while (found := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def files_in(*folders: Path) -> list[str]:
    return [str(path) for folder in folders for path in sorted(folder.rglob("*"))]


def remove_orphans():
    """What the next tool does: it removes the folders that a killed one could not remove."""
    script = "from ucow import children; [children.remove_orphans(children.folder_for(size)) for size in (None, 0)]"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT / "tools")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The environment of the tool: a TMPDIR, shared memory and mark of its own."""
    for name, variable in (("tmp", "TMPDIR"), ("shm", "UCOW_SHM"), ("builds", "UCOW_BUILD_ROOT")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv(MARK, f"{tmp_path}")
    monkeypatch.chdir(tmp_path)  # so that the name of the socket is short
    # A job in the background ignores SIGINT, and one that nohup started ignores SIGHUP; a child would inherit that.
    previous = {number: signal.signal(number, handler) for number, handler in
                ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL))}
    yield tmp_path
    for number, handler in previous.items():
        signal.signal(number, handler)


def test_one_place_starts_processes():
    """A child or a folder that children.py does not know, or a worker that pools.py does not, would outlive its tool."""
    only_in = {"children.py": r"subprocess\.(run|Popen|call|check_\w+)\(|TemporaryDirectory|mkdtemp|os\.(fork|system|popen)\(",
               "pools.py": "ThreadPoolExecutor|ProcessPoolExecutor"}
    for place, words in only_in.items():
        files = [path for path in (ROOT / "tools/ucow").rglob("*.py") if path.name != place]
        assert not {path.name: found[0] for path in files if (found := re.search(words, path.read_text()))}


# mkdir, whose first folder another tool removes at once.
REMOVED_ONCE = ('#!/bin/sh\n/bin/mkdir "$@"\n'
                '[ -e "$0.done" ] || { : >"$0.done" && for name; do :; done && rmdir "$name"; }\n')


def test_folder_that_another_tool_removes(tmp_path, monkeypatch):
    """A tool removes folders without an owner; one that it sees before it is locked looks like one. There is a next."""
    (tmp_path / "mkdir").write_text(REMOVED_ONCE)
    (tmp_path / "mkdir").chmod(0o700)
    done = subprocess.run([ROOT / "tools/packages", "build"], env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "mkdir.done").exists()

    make, made = os.mkdir, []

    def removed_once(name, *mode):
        make(name, *mode)
        made.append(name)
        if len(made) == 1:
            os.rmdir(name)

    monkeypatch.setattr(os, "mkdir", removed_once)
    with children.Scratch() as name:
        assert name == made[1] != made[0] and Path(name).is_dir()


def substitutions(command: str) -> int:
    """How many command substitutions a shell command has, those inside another one left out."""
    count = depth = 0
    for before, char, after in zip(" " + command, command, command[1:] + " "):
        opens = char == "(" and (depth > 0 or before == "$" and after != "(")
        count += opens and depth == 0
        depth += opens - (char == ")" and depth > 0)
    return count


def test_no_two_substitutions():
    """See children.sh: a signal during the first would not end the tool properly."""
    files = [ROOT / "tools" / name for name in ("run", "test", "matrix", "cc", "packages")]
    files += (ROOT / "tools/lib").glob("*.sh")
    commands = [(path.name, line) for path in [*files, *(ROOT / ".ci").iterdir()]
                for line in path.read_text().replace("\\\n", " ").splitlines() if not line.lstrip().startswith("#")]
    assert len(commands) > 500 and substitutions('a $(b "$(c)") $((1)) $(d)') == 2
    assert not [found for found in commands if substitutions(found[1]) > 1]


@pytest.mark.parametrize("tool, name", CASES, ids=[f"{tool} {name}" for tool, name in CASES])
def test_ending(tool, name, build, place):
    if tool == "coverage" and not build.coverage:
        pytest.skip("the build does not count what runs")
    number = signal.Signals[f"SIG{name}"]
    words = [word.format(build=build.folder, new=place / "new", root=ROOT) for word in COMMANDS[tool].split()]
    moment = random.Random(f"{SEED} {tool} {name}").uniform(0, LATEST)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        server.listen()
        with subprocess.Popen([ROOT / "tools" / words[0], *words[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as process:
            wait_until_owner(process)
            time.sleep(moment)
            alive = process.poll() is None
            if alive:
                (os.killpg if name == "INT" else os.kill)(process.pid, number)  # the terminal tells the whole group
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                pytest.fail(f"{tool} did not end within {END_SECONDS} s of {name} at {moment:.2f} s")
            remaining = left(f"{MARK}={place}", END_SECONDS)
            for pid in remaining:
                os.kill(pid, signal.SIGKILL)
            output = process.stdout.read()
    assert alive, f"{tool} ended by itself within {moment:.2f} s:\n{output}"
    assert not remaining, f"{tool}, {name} at {moment:.2f} s (seed {SEED}): still there: {remaining}"
    assert process.returncode == -number, output
    assert "Traceback" not in output, output
    if name == "KILL":
        remove_orphans()
    assert not files_in(place / "tmp", place / "shm"), f"{tool}, {name} at {moment:.2f} s (seed {SEED})"


@pytest.mark.parametrize("command", [[ROOT / "tools/run", "-b", "new", "hello"],
                                     [sys.executable, "-c", f"import sys; sys.path.insert(0, '{ROOT / 'tools'}')\n"
                                      "from pathlib import Path; from ucow import build; build.built(Path('new'), [])"]],
                         ids=["shell", "Python"])
def test_what_meson_leaves(command, place):
    """Meson, when it is killed, leaves the files that it has made for itself."""
    meson = place / "bin/meson"
    meson.parent.mkdir()
    meson.write_text("#!/bin/sh\n[ \"$1\" != --version ] || exec echo 1.0.0\nmktemp; echo ERROR: killed; exit 1\n")
    meson.chmod(0o755)
    done = subprocess.run(command, capture_output=True, text=True, timeout=END_SECONDS, check=False, cwd=place,
                          env={**os.environ, "PATH": f"{meson.parent}:{os.environ['PATH']}"})
    assert done.returncode != 0 and "killed" in done.stderr, done.stderr
    assert not files_in(place / "tmp", place / "shm")


# ninja, while it runs Meson because a meson.build has changed: it does not pass SIGTERM on, and waits.
WAITING_NINJA = ('#!/bin/sh\n[ "$1" != --version ] || exec echo 1.11.1\n'
                 'sleep 1000 & trap : TERM; : >"$0.began"\nwhile kill -0 $!; do wait; done\n')


def end_it(words: list[str | Path], place: Path, program: str, stub: str, ending: signal.Signals):
    """Start a tool, and end it while it waits for `program`, of which there is only a `stub`. Nothing may be left."""
    path = place / "bin" / program
    path.parent.mkdir(exist_ok=True)
    path.write_text(stub)
    path.chmod(0o755)
    deadline = time.monotonic() + 60
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, env={**os.environ, "PATH": f"{path.parent}:{os.environ['PATH']}"}) as process:
        while not Path(f"{path}.began").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(ending)
        try:
            process.wait(2 * END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    remaining = left(f"{MARK}={place}", 0.5)
    for pid in remaining:
        os.kill(pid, signal.SIGKILL)
    assert process.returncode == -ending and not remaining, remaining


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_what_ninja_waits_for(build, place, name):
    """It ends, too."""
    end_it([ROOT / "tools/run", "--build", build.folder, "hello"], place, "ninja", WAITING_NINJA, signal.Signals[name])


# clang, while it links a large program.
WAITING_CLANG = ('#!/bin/sh\n[ "$1" != -print-resource-dir ] || exec echo "${0%/*}"\n'
                 'mktemp >&2; : >"$0.began"; exec sleep 1000\n')


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_what_the_compiler_leaves(place, monkeypatch, name):
    """tools/cc ends with clang and its files. The libc here has no code."""
    crt1, runtime = place / "libc/usr/lib/i386-linux-musl/crt1.o", place / "bin/lib/linux/libclang_rt.builtins-i386.a"
    for file in (crt1, runtime):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\x7fELF\1" + bytes(13) + b"\3\0")
    (place / "a.c").touch()
    monkeypatch.setenv("UCOW_LIBC", str(place / "libc"))
    end_it([ROOT / "tools/cc", "a.c"], place, "clang", WAITING_CLANG, signal.Signals[name])
    remove_orphans()
    assert not files_in(place / "tmp", place / "shm")


def test_waiting_for_another_build(place):
    """A tool that waits for the build directory ends at once."""
    (place / "new").mkdir()
    lock = os.open(place / "new", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with subprocess.Popen([ROOT / "tools/run", "--build", place / "new", "hello"], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert "waiting for another command" in process.stderr.readline()
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        os.close(lock)
    assert process.returncode == -signal.SIGTERM


def test_workers_begin_with_signals_blocked(monkeypatch, tmp_path):
    """A worker inherits the tool's handlers, which would print a traceback; _begin_worker() sets its own."""
    begin = pools._begin_worker

    def look(parent):
        (tmp_path / f"{os.getpid()}").write_text(f"{set(children.ENDING) <= signal.pthread_sigmask(signal.SIG_BLOCK, ())}")
        begin(parent)
    monkeypatch.setattr(pools, "_begin_worker", look)
    with pools.Workers(2) as workers:
        assert workers.submit(len, "abc").result() == 3
    assert {path.read_text() for path in tmp_path.iterdir()} == {"True"}
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
