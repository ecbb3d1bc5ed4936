# SPDX-License-Identifier: MIT
"""tools/cc: a user's C with a real libc runs on ucow, from the file that Linux runs."""

import subprocess
from pathlib import Path

import pytest

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


def compiled(folder: Path, text: str) -> Path:
    """The program, or a skip where no libc is installed."""
    (folder / "hello.c").write_text(text)
    done = subprocess.run([CC, "-o", folder / "hello", folder / "hello.c"], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode == 5 and "no musl for the i386" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return folder / "hello"


def test_hello(run, build, tmp_path):
    """printf, fork and waitpid of musl."""
    build.need_linux()
    out = run("libchello", modules={"libchello": compiled(tmp_path, HELLO)})
    out.lines.in_order("Hello from pid 2.", "My child ended with 42.")
    out.trace.in_order("syscall_enter nr=linux_fork", "reap parent=2 child=3 code=42")


def test_pthreads(run, build, tmp_path):
    """Mutex, condition, barrier, semaphore, thread-local variables and the heap, of threads."""
    build.need_linux()
    out = run("pthreads", modules={"pthreads": compiled(tmp_path, PTHREADS)})
    out.lines.once("8 threads counted to 1600; their own sum is 68")
    assert len(out.trace.all("reparent from=2 to=1")) == 8


def test_no_source():
    """A sentence and status 5."""
    done = subprocess.run([CC, "/no/such.c"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (5, "tools/cc: there is no file /no/such.c to read\n")
