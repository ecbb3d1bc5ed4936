# SPDX-License-Identifier: MIT
"""tools/strace and tools/trace --follow: what happens, while it happens."""

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from ucow.machine import PANIC
from ucow.memory import FileMemory
from ucow.strace import Strace, parameters, result_text, value
from ucow.symbols import Symbols, physical
from ucow.trace import DRAFT, FOLLOW_SECONDS, Record, follow_trace

TIMEOUT = 100  # wall-clock backstop
ON = 20        # offset of `on` in struct trace_ring


def strace(build, *words: str | Path) -> tuple[int, list[str], str]:
    """Status, the lines on stderr, and stdout of tools/strace."""
    build.need_trace()
    done = subprocess.run([ROOT / "tools/strace", "--elf", build.kernel, *words], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=TIMEOUT, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines(), done.stdout


def test_one_process(build):
    """Its calls with arguments and results, and nothing of its child."""
    status, lines, output = strace(build, "exit")
    assert status == 0 and "exit pass.\n" in output and "init check memory pass." in output
    assert lines[0] == 'starts program "exit"' and "fork() = 3" in lines
    assert lines[-2:] == ["exit(code=0) does not return", "+++ ended with 0 (exit) +++"], lines
    assert any(line.startswith("write(fd=1, buf=0x") and " = " in line for line in lines)
    assert not any("[pid" in line for line in lines)


def test_children(build):
    """-f: each line names its process; a call that is interrupted by another one is whole."""
    status, lines, _ = strace(build, "-f", "exit")
    assert status == 0
    assert "[pid 2] fork() = 3" in lines
    assert "[pid 3] exit(code=-66436) does not return" in lines
    waited = [line for line in lines if line.startswith("[pid 2] wait(pid=")]
    assert waited and lines.index(waited[0]) > lines.index("[pid 3] exit(code=-66436) does not return")


def test_late_option(build):
    """An option after the program is the program's."""
    status, lines, output = strace(build, "args", "-f", "--memory=4M")
    assert status == 0 and "argv[1] = -f" in output
    assert lines[0] == "tools/strace: note: -f goes to args; options of tools/strace stand before the program"


def test_words_and_results():
    """By their kinds; errors by name."""
    assert parameters()["exec"] == [("STR", "name"), ("INT", "argc"), ("PTR", "argv")]
    assert [value("INT", 0xFFFFFFFF), value("UINT", 0xFFFFFFFF), value("PTR", 0), value("ADDR", 0x800000)] == [
        "-1", "4294967295", "NULL", "0x00800000"]
    assert [result_text("wait", -2), result_text("mmap", 0x10000000), result_text("sleep", 0)] == [
        "-2 E_BAD_PROC", "0x10000000", "0"]
    assert parameters()["linux_write"] == [("INT", "fd"), ("PTR", "buf"), ("UINT", "n")]
    assert result_text("linux_open", -2) == "-2 ENOENT"


def test_lines(fmt):
    """A call with more arguments than a record has; one that starts a program; one whose beginning was lost; and one that
    does not return. Each process has its own."""
    numbers = {name: number for number, name in fmt.enums["syscall"].items()}

    def record(pid: int, event: str, *words: int) -> Record:
        kind = fmt.by_name[event]
        return Record(0, 0, kind, 0, pid, kind.values((*words, *[0] * (5 - len(words)))))

    name = int.from_bytes(b"sh", "little")
    events = [record(2, "syscall_enter", numbers["mmap"], 0, 4096, 3), record(3, "syscall_enter", numbers["exec"], 0x800100, 1, 0),
              record(2, "syscall_leave", numbers["mmap"], 0x10000000), record(3, "exec", 3, name),
              record(3, "syscall_leave", numbers["getpid"], 3), record(3, "syscall_enter", numbers["wait"], 0, 0, 0),
              record(3, "exit", 3, -9 & 0xFFFFFFFF, 2)]
    ours = ["mmap(addr=NULL, len=4096, prot=3, ...) = 0x10000000"]
    others = ['exec(name=0x00800100, argc=1, argv=NULL) starts program "sh"', "getpid(...) = 3",
              "wait(pid=0, code=NULL) does not return"]
    one, both = Strace(2), Strace(None)
    assert [line for event in events for line in one.lines(event)] == ours
    *every, last = [line for event in events for line in both.lines(event)]
    assert every == ["[pid 2] " + ours[0], *("[pid 3] " + line for line in others)]
    assert last.startswith("[pid 3] +++ ended with -9 (")


def test_refused(build):
    """Each is a sentence; so is the reason why a run did not pass."""
    status, lines, _ = strace(build, "nosuch")
    assert status == 1 and lines[-1].startswith('tools/strace: kernel_execve: "nosuch" failed')
    status, lines, _ = strace(build, "./nosuch")
    assert (status, len(lines)) == (1, 1) and "no such file to boot as program nosuch" in lines[0]
    assert lines[0].startswith("tools/strace: ./nosuch: ") and "build it first" in lines[0]
    for word, said in (("./hello.c", "is C: compile it with tools/cc ./hello.c, then tools/strace ./hello"),
                       ("./", "is a directory: name the file of a program"),
                       (Path(__file__), "is not a static ELF for the i386: tools/cc makes one from C")):
        assert strace(build, word)[:2] == (1, [f"tools/strace: {word} {said}"])
    status, lines, _ = strace(build, "bench", "live", "x")
    assert (status, lines[-1]) == (1, "tools/strace: the run did not pass: the program's exit code was not 0")
    status, lines, _ = strace(build, "--timeout", "1", "noread")
    assert (status, lines[-1]) == (1, "tools/strace: the run did not pass: killed by the wall-clock backstop: the machine hung")


def test_events_come_once_and_early(boot, build):
    """The events before a prompt are there while the machine waits; the later ones follow, none twice."""
    build.need_trace()
    with boot("sh") as live:
        memory = FileMemory(live.memory_file)
        live.expect("$ ")
        traces = follow_trace(memory, Symbols(build.kernel), patience=FOLLOW_SECONDS)
        before = next(traces).records
        assert any(record.name == "exec" for record in before) and not any(record.name == "end" for record in before)
        live.type("exit\n")
        live.end()
        after = [record for trace in traces for record in trace]
        memory.close()
    assert after[-1].name == "end" or any(record.name == "end" for record in after)
    assert [record.seq for record in [*before, *after]] == list(range(before[0].seq, after[-1].seq + 1))


def test_draft(bench, build):
    """Events that the kernel may take back are not printed, until the machine has ended."""
    build.need_trace()
    run = bench.machine("hello").run(build.wall_seconds)
    bench.runs.append(run)
    symbols, asked = Symbols(build.kernel), []
    with run.memory_file.open("r+b") as ram:
        ram.seek(physical(symbols.address("trace_ring")) + ON)
        ram.write(DRAFT.to_bytes(4, "little"))
    memory = FileMemory(run.memory_file)
    trace, = follow_trace(memory, symbols, lambda: asked.append(1) or len(asked) == 3)
    memory.close()
    assert len(asked) == 3 and trace.records[-1].name in ("end", "peak")


@pytest.mark.parametrize("how", ["panic", "killed"])
def test_follow_ends(boot, build, how):
    """tools/trace --follow of a machine that records no end says why and ends by itself; it prints what came before."""
    build.need_trace()
    with boot("sh", cmdline="selftest=panic" if how == "panic" else "") as live:
        if how == "killed":
            live.expect("$ ")
        with subprocess.Popen([ROOT / "tools/trace", "--elf", build.kernel, "--follow", live.memory_file],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            first = follower.stdout.readline()
            if how == "killed":
                live.process.kill()
            output, said = first + follower.stdout.read(), follower.stderr.read()
        if how == "panic":
            live.end(expect=PANIC)
    assert (follower.returncode, said) == (0, "tools/trace: " + {
        "panic": "the kernel panicked, or a check of it failed: its report is on the serial line\n",
        "killed": "the machine was ended from outside\n"}[how])
    assert " boot frames=" in first and " fork parent=0 child=1" in output
