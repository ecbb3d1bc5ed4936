# SPDX-License-Identifier: MIT
"""tools/trace on a crashed machine and on a whole run. (test_harness.py has running machines.)"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from qemu_options import rewired
from ucow.machine import PANIC, PASSED, PROGRAM_FAILED
from ucow.symbols import Symbols, physical

TOOL = Path(__file__).resolve().parents[3] / "tools/trace"
PARENT, CHILD = 2, 3
STATE, CALLS = 1, 2  # the two tracks of a process in Chrome JSON


def tool(build, *arguments) -> subprocess.CompletedProcess:
    """Run tools/trace as a user does."""
    return subprocess.run([sys.executable, TOOL, "--elf", build.kernel, *map(str, arguments)], capture_output=True,
                          text=True)


def printed(build, *arguments) -> list[str]:
    """The output lines of a successful tools/trace."""
    done = tool(build, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture
def exit_run(bench, fmt):
    """A finished run of exit."""
    run = bench.machine("exit").run()
    bench.judge(run, PASSED)
    return run


def test_all_events(exit_run, build):
    """Without options tools/trace prints the whole trace, one record per line, as the harness sees it."""
    lines = printed(build, exit_run.memory_file)
    assert lines == list(map(str, exit_run.trace))
    assert all(re.match(r"\[t=\d+\] \w+( \w+=\S+)*$", line) for line in lines)


def test_on_a_terminal(exit_run, build):
    """There, the first line explains t, and each other one ends in milliseconds."""
    reader, terminal = os.openpty()
    subprocess.run([sys.executable, TOOL, "--elf", build.kernel, "--event", "fork", exit_run.memory_file], stdout=terminal, check=True)
    os.close(terminal)
    with open(reader, "rb", buffering=0) as file:
        heading, *lines = file.read(4096).decode().splitlines()
    assert heading.endswith("each line ends in milliseconds since boot]")
    assert lines == [f"{record}  {record.stamp * 10 / exit_run.trace.tsc_per_tick:.3f} ms" for record in exit_run.trace.of("fork")]


def test_selection(exit_run, build):
    """Events can be selected by patterns (any of which may match), by process, and as the last n."""
    both = printed(build, "--event", "fork", "--event", f"exit pid={CHILD}", exit_run.memory_file)
    assert both == [str(record) for record in exit_run.trace
                    if record.name == "fork" or (record.name == "exit" and record.pid == CHILD)]
    of_child = printed(build, "--pid", CHILD, exit_run.memory_file)
    assert of_child == [str(record) for record in exit_run.trace if CHILD in (record.cpu_pid, *record.pids)]
    assert printed(build, "--pid", CHILD, "--last", 2, exit_run.memory_file) == of_child[-2:]


def test_who_ran(exit_run, build):
    """Each line ends in the pid that ran, which a pattern can ask for. (D99)"""
    lines = printed(build, "--event", f"syscall_enter nr=exit running={CHILD}", exit_run.memory_file)
    assert len(lines) == 1 and lines[0].endswith(f" running={CHILD}")
    assert printed(build, "--event", "syscall_enter nr=exit running=77", exit_run.memory_file) == []


def test_unknown_event(exit_run, build):
    """The error is one sentence that lists the known events."""
    failed = tool(build, "--event", "wibble", exit_run.memory_file)
    assert failed.returncode == 1 and failed.stdout == ""
    assert "no event is called wibble: there are boot fork exec" in failed.stderr


@pytest.fixture
def chrome(build, tmp_path):
    """chrome(run): the events of tools/trace --chrome, and the title of each track by its number."""
    def export(run):
        path = tmp_path / "trace.json"
        assert printed(build, "--chrome", path, run.memory_file)[0].startswith(f"{path}: ")
        events = json.loads(path.read_text())["traceEvents"]
        return events, {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    return export


def arrows(events, titles) -> set[tuple[str, str, str]]:
    """(name, from, to) of each arrow; each leads from an earlier to a later time."""
    starts, ends = ({event["id"]: event for event in events if event["ph"] == phase} for phase in "sf")
    assert starts.keys() == ends.keys()
    assert all(starts[i]["ts"] <= ends[i]["ts"] and starts[i]["name"] == ends[i]["name"] for i in starts)
    return {(starts[i]["name"], titles[starts[i]["pid"]], titles[ends[i]["pid"]]) for i in starts}


def test_chrome(exit_run, chrome):
    """Each process has a track of states without gaps or overlaps, and one of system calls; arrows join them."""
    events, titles = chrome(exit_run)
    assert [titles[i] for i in sorted(titles)] == ["machine", "0 idle", "1 init", "2 exit", "3 exit"]
    for number, title in titles.items():
        states = sorted((event for event in events if event["pid"] == number and event["tid"] == STATE
                         and event["ph"] == "X"), key=lambda event: event["ts"])
        # Times are microseconds in floating point; a nanosecond is shorter than an instruction here.
        assert all(abs(a["ts"] + a["dur"] - b["ts"]) < 0.001 for a, b in zip(states, states[1:])), title
    parent = [event["name"] for event in events if event["pid"] == 3 and event["tid"] == STATE and event["ph"] == "X"]
    assert parent[:2] == ["RUNNABLE", "RUNNING"] and "SLEEPING in wait" in parent and parent[-1] == "ZOMBIE"
    calls = [event for event in events if event["pid"] == 3 and event["tid"] == CALLS and event["ph"] == "X"]
    fork, = (call for call in calls if call["name"] == "fork")
    assert fork["args"]["result"] == CHILD
    first, again, unread = (call["args"] for call in calls if call["name"] == "wait")
    assert (first["pid"], first["result"], "error" in first) == (str(CHILD), 0, False)
    assert (again["result"], again["error"], unread["code"]) == (-2, "E_BAD_PROC", "NULL")
    assert all(event["name"] != "SLEEPING" for event in events)  # init's, too, says for what
    assert arrows(events, titles) >= {("fork", "2 exit", "3 exit"), ("exit", "3 exit", "2 exit"),
                                      ("exit", "2 exit", "1 init"), ("wake", "3 exit", "2 exit")}
    assert {event["name"] for event in events if event["ph"] == "C"} >= {"free pages", "runnable processes"}


FIELDS = {  # of the kinds of events that we write, beside name, pid and tid: "Trace Event Format", by Google
    "M": {"args": dict},
    "X": {"ts": float, "dur": float, "args": dict},
    "i": {"ts": float, "s": str, "args": dict},
    "s": {"ts": float, "cat": str, "id": int},
    "f": {"ts": float, "cat": str, "id": int, "bp": str},
    "C": {"ts": float, "args": dict},
}
NAMED_TRACKS = {"process_name": str, "process_sort_index": int, "thread_name": str}


def test_chrome_schema(bench, build, chrome):
    """Each event has the fields of its kind and no other, in the types that Perfetto reads; each track that is used has a name."""
    build.need_trace()
    run = bench.machine("waitkill").run()
    events, titles = chrome(run)
    tracks = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    for event in events:
        kind = {"ph": str, "name": str, "pid": int, "tid": int} | FIELDS[event["ph"]]
        assert {field: float if field in ("ts", "dur") and type(value) is int else type(value)
                for field, value in event.items()} == kind, event
        assert event["pid"] in titles and (event["ph"] in "MC" or (event["pid"], event["tid"]) in tracks), event
        assert event.get("ts", 0) >= 0 and event.get("dur", 0) >= 0 and event.get("s", "t") == "t" and event.get("bp", "e") == "e", event
        if event["ph"] == "M":
            (field, value), = event["args"].items()
            assert type(value) is NAMED_TRACKS[event["name"]] and field == ("sort_index" if "sort" in event["name"] else "name")
        if event["ph"] == "C":
            assert all(type(value) is int for value in event["args"].values()) and len(event["args"]) == 1, event


def test_chrome_kill_and_copy(bench, build, fmt, chrome):
    """A kill points at the end of its victim, and a copied page at the process that shares it."""
    run = bench.machine("waitkill").run()
    bench.judge(run, PROGRAM_FAILED)
    events, titles = chrome(run)
    found = arrows(events, titles)
    assert ("kill", "4 waitkill", "2 waitkill") in found
    copies = {(source, target) for name, source, target in found if name == "copy"}
    assert copies == ({("4 waitkill", "2 waitkill"), ("2 waitkill", "3 waitkill")} if build.cow else set())


def test_chrome_pid_used_again(bench, build, fmt, chrome):
    """Two processes that had the same pid one after the other have a track each."""
    run = bench.machine("samepid", "0", "7", cmdline="max_procs=16").run()
    _, titles = chrome(run)
    assert len(titles) > len(set(titles.values())) > 4


def test_crashed_machine_that_has_ended(bench, build, fmt):
    """The last events in the memory file of a panicked machine are those that the panic printed."""
    run = bench.machine("hello", cmdline="selftest=null").run()
    bench.judge(run, PANIC)
    lines = printed(build, run.memory_file)
    said = [line for line in run.lines if line.startswith("[t=")]
    assert said == lines[-16:]


def test_crashed_machine_that_is_kept(bench, build, fmt, tmp_path, monkeypatch):
    """A panicked machine that still runs in QEMU: file, QMP and core give the same trace."""
    monkeypatch.chdir(tmp_path)
    socket, core = "qmp", tmp_path / "core"  # a socket's name must be short
    machine = rewired(bench.machine("hello", cmdline="selftest=null"), ["-device"],
                      ["-action", "shutdown=pause", "-qmp", f"unix:{socket},server=on,wait=off"])
    with machine.start() as live:
        live.expect("the machine stops here.\n")
        live.qmp.execute("dump-guest-memory", paging=False, protocol=f"file:{core}")
        texts = {"\n".join(printed(build, source)) for source in (live.memory_file, f"qmp:{socket}", core)}
    assert len(texts) == 1 and "fork parent=0 child=1" in texts.pop()


def test_check_finds_what_is_wrong(bench, build, fmt):
    """The trace of a panicked machine ends early: --check reports it and exits with 1."""
    run = bench.machine("hello", cmdline="selftest=null").run()
    bench.judge(run, PANIC)
    checked = tool(build, "--check", run.memory_file)
    assert checked.returncode == 1 and "the trace has 0 end events, not 1" in checked.stdout


def test_machine_without_a_ring(bench, build, fmt):
    """A machine that failed before it had a ring has no trace: the error is one sentence."""
    end = physical(Symbols(build.kernel).address("kernel_end"))
    run = bench.machine("hello", memory=f"{(end + (512 << 10)) // 8192 * 8}K").run()
    bench.judge(run, PANIC)
    failed = tool(build, run.memory_file)
    assert failed.returncode == 1 and failed.stderr.count("\n") == 1 and "trace" in failed.stderr


def test_trace_off(bench, build, fmt):
    run = bench.machine("hello", cmdline="trace=off").run()
    bench.judge(run, PASSED)
    failed = tool(build, run.memory_file)
    assert failed.returncode == 1 and "boot without trace=off" in failed.stderr


def test_ctf(exit_run, build, tmp_path):
    """babeltrace2 reads what --ctf writes: every event, with its time, the process that ran, and the same fields. (CTF 1.8)"""
    folder = tmp_path / "ctf"
    assert printed(build, "--ctf", folder, exit_run.memory_file) == [f"{folder}: {len(exit_run.trace)} events; babeltrace2 {folder} prints them"]
    assert (folder / "metadata").read_text().startswith("/* CTF 1.8 */")
    if not shutil.which("babeltrace2"):
        pytest.skip("babeltrace2 is not installed: apt-get install babeltrace2")
    done = subprocess.run(["babeltrace2", "--clock-cycles", "--no-delta", folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    told = []
    for line in done.stdout.splitlines():
        stamp, name, running, fields = re.fullmatch(r"\[0*(\d+)\] (?:\S+ )?(\w+): \{ running = (\d+) \}, \{ (.*) \}", line).groups()
        fields = re.sub(r"\( \"(\w+)\" : container = \d+ \)", r"\1", fields)
        shown = " ".join(f"{field.partition(' = ')[0]}={field.partition(' = ')[2].strip(chr(34)).lower() if '0x' in field else field.partition(' = ')[2].strip(chr(34))}"
                         for field in fields.split(", "))
        told.append(f"[t={stamp}] {name} {shown} running={running}")
    assert told == list(map(str, exit_run.trace))
