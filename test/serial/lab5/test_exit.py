# SPDX-License-Identifier: MIT
"""user/lab5/exit.c: wait() returns all 32 bits of the child's exit code, once."""

import re
from pathlib import Path

from sharing import assert_only_stacks_split

README = Path(__file__).resolve().parents[3] / "README.md"

MAGIC = -0x10384
PARENT, CHILD = 2, 3


def test_lines(run):
    """Each line is printed once, in the only possible order."""
    out = run("exit")
    for line in ("I am the parent. Forking the child...", "I am parent, fork a child pid 3", "I am the child.",
                 "I am the parent, waiting now..", "waitpid 3 ok.", "exit pass."):
        out.lines.once(line)
    out.lines.in_order('kernel_execve: pid = 2, name = "exit".', "I am the parent. Forking the child...",
                       "I am the child.", "waitpid 3 ok.", "exit pass.")
    out.lines.in_order("I am parent, fork a child pid 3", "I am the parent, waiting now..", "waitpid 3 ok.")


def test_life(run):
    """Fork, sleep in wait, exit, wake and reap have the right pids."""
    trace = run("exit").trace
    assert trace.one("fork", parent=PARENT).pids == (PARENT, CHILD)
    trace.in_order(f"fork parent={PARENT} child={CHILD}", f"sleep pid={PARENT}",
                   f"exit pid={CHILD} code={MAGIC} reason=exit",
                   f"wake pid={PARENT} by={CHILD}", f"reap parent={PARENT} child={CHILD} code={MAGIC}",
                   f"exit pid={PARENT} code=0 reason=exit", f"reap parent=1 child={PARENT} code=0")
    assert len(trace.all("sleep", pid=PARENT)) == 1
    assert not trace.of("kill", "reparent")


def test_calls(run):
    """The first waitpid reaps the child; the second and the wait for any child find none."""
    trace = run("exit").trace
    waits = [record.result for record in trace.all("syscall_leave nr=wait") if record.cpu_pid == PARENT]
    assert waits == [0, -2, -2]
    yields = [record for record in trace.all("syscall_leave nr=yield result=0") if record.cpu_pid == CHILD]
    assert len(yields) == 7


def test_memory(run, build):
    assert_only_stacks_split(build, run("exit").trace)


def test_readme(run, build):
    """The README shows the output of this run, except for numbers and values of options; and for whether parent or child
    runs first, which is the policy's own affair."""
    shown = re.search(r"^\$ tools/run exit\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)[1]

    def shape(text):
        return [re.sub(r"=\S+" if line.startswith("options:") else r"\d+", "", line) for line in text.splitlines()]
    order = list if build.sched == "rr" else sorted
    assert order(shape(run("exit", memory="128M", swap=None).lines.text)) == order(shape(shown))
