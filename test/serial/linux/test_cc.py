# SPDX-License-Identifier: MIT
"""tools/cc: a user's C with a real libc runs on ucow, from the file that Linux runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ucow.machine import PASSED

CC = Path(__file__).resolve().parents[3] / "tools/cc"
HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int status;
    printf("Hello from pid %d.\n", getpid());
    pid_t child = fork();
    if (child == 0)
        exit(42);
    waitpid(child, &status, 0);
    printf("My child ended with %d.\n", WEXITSTATUS(status));
    return 0;
}
"""
LINES = r"""
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    printf("printed before fork\n");
    if (fork() == 0)
        return 0;
    wait(NULL);
    return 0;
}
"""
HEADERS = r"""
#include <linux/futex.h>
#include <stdio.h>

int main(void)
{
    return fopen("/none", "r") == NULL && FUTEX_WAKE == 1 ? 0 : 1;
}
"""
PTHREADS = (Path(__file__).parent / "pthreads.c").read_text()
LIBCS = ["musl", "glibc", "dietlibc", "klibc"]
BUSYBOX = Path(os.environ.get("UCOW_LIBC", CC.parents[1] / "build/libc")) / "bin/busybox"
SCRIPT = "i=1; while [ $i -lt 4 ]; do echo $i; i=$((i+1)); done; (echo sub; exit 3); echo $?; echo $((6*7))"


def cc(*words: str | Path, libcs: Path | None = None) -> tuple[int, str]:
    """Status and stderr of tools/cc; `libcs` is the folder in which it looks first."""
    done = subprocess.run([CC, *words], capture_output=True, text=True, timeout=60, check=False,
                          env=os.environ | ({"UCOW_LIBC": str(libcs)} if libcs else {}))
    return done.returncode, done.stderr


def compiled(folder: Path, text: str, libc: str) -> Path:
    """The program, or a skip where the libc is not installed."""
    (folder / "hello.c").write_text(text)
    done = subprocess.run([CC, "--libc", libc, "-o", folder / "hello", folder / "hello.c"], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode == 5 and f"no {libc} for the i386" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert f"with {libc} of" in done.stderr
    return folder / "hello"


@pytest.mark.parametrize("libc", LIBCS)
def test_hello(run, build, tmp_path, libc):
    """printf, fork and waitpid."""
    build.need_linux()
    out = run("libchello", modules={"libchello": compiled(tmp_path, HELLO, libc)})
    out.lines.in_order("Hello from pid 2.", "My child ended with 42.")
    out.trace.in_order("fork parent=2 child=3", "reap parent=2 child=3 code=42")


@pytest.mark.parametrize("libc", LIBCS)
def test_lines(run, build, tmp_path, libc):
    """stdout is a terminal: a line is printed when it ends, so a child does not print it again. (D118)"""
    build.need_linux()
    run("lines", modules={"lines": compiled(tmp_path, LINES, libc)}).lines.once("printed before fork")


@pytest.mark.parametrize("libc", LIBCS)
def test_headers(tmp_path, libc):
    """Each has the headers of Linux, and can open a stream."""
    compiled(tmp_path, HEADERS, libc)


@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_pthreads(run, build, tmp_path, libc):
    """Mutex, condition, barrier, semaphore, thread-local variables and the heap, of threads."""
    build.need_linux()
    out = run("pthreads", modules={"pthreads": compiled(tmp_path, PTHREADS, libc)})
    out.lines.once("8 threads counted to 1600; their own sum is 68")
    assert len(out.trace.all("reparent from=2 to=1")) == 8


def test_busybox(boot, build):
    """Debian's busybox: applets, and a shell with builtins and a subshell, which is a fork."""
    build.need_linux()
    if not BUSYBOX.is_file():
        pytest.skip(f"there is no {BUSYBOX}: tools/cc --unpack busybox-static downloads it")
    with boot("sh", modules={"busybox": BUSYBOX}) as live:
        live.expect("$ ")
        for line, printed in (("true", ""), ("echo a b", "a b\n"), ("seq 3", "1\n2\n3\n"),
                              (f"ash -c '{SCRIPT}'", "1\n2\n3\nsub\n3\n42\n"),
                              ("ash -c 'printf \"<%d>\" 5; echo $?'", "<5>0\n")):  # printf asks first whether there is a descriptor 1
            live.type(f"busybox {line}\n")
            live.expect(f"busybox {line}\n")
            assert live.expect("$ ").removesuffix("$ ") == printed, line
        live.type("exit 0\n")
        live.end(PASSED)


def test_no_source():
    """A sentence and status 5."""
    done = subprocess.run([CC, "/no/such.c"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (5, "tools/cc: there is no file /no/such.c to read\n")


def test_two_packages(tmp_path):
    """Each wants --unpack; nothing is downloaded before that is said."""
    status, said = cc("--unpack", "libgcc", "busybox-static", libcs=tmp_path / "libc")
    assert (status, said) == (5, "tools/cc: busybox-static is no C file; for a second package, give --unpack again\n")
    assert not (tmp_path / "libc").exists()


def test_libc_of_another_machine(tmp_path):
    """klibc of amd64 is in the folder of klibc for the i386. (D119)"""
    folder = tmp_path / "libc/usr/lib/klibc/lib"
    folder.mkdir(parents=True)
    (tmp_path / "empty.c").write_text("")
    (tmp_path / "hello.c").write_text(HELLO)
    subprocess.run(["clang", "--target=x86_64-linux-gnu", "-c", "-o", folder / "crt0.o", tmp_path / "empty.c"], timeout=60, check=True)
    shutil.copy(folder / "crt0.o", folder / "libc.a")
    status, said = cc("--libc", "klibc", "-o", tmp_path / "hello", tmp_path / "hello.c", libcs=tmp_path / "libc")
    assert str(tmp_path / "libc") not in said and (status == 0 or "tools/cc: there is no klibc for the i386" in said), said


def test_glibc_of_amd64(tmp_path):
    """Debian's libc6-dev-i386 and gcc-multilib have glibc for the i386 in lib32. (D119)"""
    if not Path("/usr/lib32/crt1.o").is_file() or not list(Path("/usr/lib/gcc/x86_64-linux-gnu").glob("*/32/crtbeginT.o")):
        pytest.skip("libc6-dev-i386 and gcc-multilib are not installed")
    (tmp_path / "hello.c").write_text(HELLO)
    assert cc("--libc", "glibc", "-o", tmp_path / "hello", tmp_path / "hello.c", libcs=tmp_path / "none") == (
        0, f"tools/cc: {tmp_path}/hello, with glibc of /usr\n")


@pytest.mark.parametrize("word, said", [
    ("a b.cpp", "a b.cpp is C++: compile it with g++ -m32 -static -o a\\ b a\\ b.cpp, of Debian's g++-multilib; ucow runs that, too"),
    ("-c", "-c: tools/cc makes whole programs: name all C files of the program, as in: tools/cc -o demo a.c b.c"),
    ("--lib", "unknown option --lib: see tools/cc --help")])
def test_wrong_words(word, said):
    """A sentence and status 5."""
    assert cc("a.c", word) == (5, f"tools/cc: {said}\n")


def test_blank_in_a_name(tmp_path):
    """The program's name has none: tools/run could not pass it."""
    (tmp_path / "my prog.c").write_text(HELLO)
    done = subprocess.run([CC, "my prog.c"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 5:
        pytest.skip(done.stderr.strip())
    assert done.stderr.startswith("tools/cc: my_prog, with ") and (tmp_path / "my_prog").is_file()
