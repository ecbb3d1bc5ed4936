# SPDX-License-Identifier: MIT
"""tools/cc: a user's C with a real libc runs on ucow, from the file that Linux runs."""

import os
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
PTHREADS = (Path(__file__).parent / "pthreads.c").read_text()
LIBCS = ["musl", "glibc", "dietlibc", "klibc"]
BUSYBOX = Path(os.environ.get("UCOW_LIBC", CC.parents[1] / "build/libc")) / "bin/busybox"
SCRIPT = "i=1; while [ $i -lt 4 ]; do echo $i; i=$((i+1)); done; (echo sub; exit 3); echo $?; echo $((6*7))"


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
                              (f"ash -c '{SCRIPT}'", "1\n2\n3\nsub\n3\n42\n")):
            live.type(f"busybox {line}\n")
            live.expect(f"busybox {line}\n")
            assert live.expect("$ ").removesuffix("$ ") == printed, line
        live.type("exit 0\n")
        live.end(PASSED)


def test_no_source():
    """A sentence and status 5."""
    done = subprocess.run([CC, "/no/such.c"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (5, "tools/cc: there is no file /no/such.c to read\n")
