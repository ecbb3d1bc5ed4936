# SPDX-License-Identifier: MIT
"""Messages of failed tests: what was expected beside what was seen, in a reader's units; the events around the first that
deviates, the pages at that moment, and commands that repeat the run, debug it there, and open its memory."""

import re
import shlex
import shutil
import subprocess

import pytest
from conftest import ROOT
from report import explained, run_at_fault, sections
from sharing import STACK_PAGE, assert_only_stacks_split
from ucow import failure, moment
from ucow.failure import find
from ucow.machine import PANIC, Run
from ucow.memory import FileMemory
from ucow.pages import PROC, Guest
from ucow.symbols import physical
from ucow.trace import AT_ONCE, Deviation, Trace, load_trace

TIMEOUT = 100  # wall-clock backstop of a command


def without(trace: Trace, name: str) -> Trace:
    """The trace of a kernel that does not do this."""
    return Trace(trace.format, [record for record in trace if record.name != name], trace.lost, trace.tsc_per_tick)


def moved(trace: Trace, name: str, va: int) -> Trace:
    """The trace of a kernel that does this at another address."""
    def change(record):
        if record.name == name:
            raw = list(record.raw)
            raw[record.event.place["va"]] = va
            record = type(record)(record.seq, record.stamp, record.event, record.cpu, record.cpu_pid, tuple(raw))
        return record
    return Trace(trace.format, map(change, trace), trace.lost, trace.tsc_per_tick)


def test_page_and_process_are_named(run, build):
    """A page is named by its address and what it is, a process by its pid and program."""
    with pytest.raises(Deviation) as failure:
        assert_only_stacks_split(build, moved(run("exit").trace, "page_copy", 0x00802000))
    message = str(failure.value)
    if build.cow:
        assert "expected copies of 0xaffff000 (the stack's top page) only" in message
        assert "seen     one of 0x00802000 (not on the stack)" in message
    else:
        assert "expected a copy of 0xaffff000 (the stack's top page)\nseen     none" in message
    assert 'by pid 2 "exit"' in message or 'by pid 3 "exit"' in message


def test_missing_copies_are_counted(run, build):
    trace = run("exit").trace
    with pytest.raises(Deviation) as failure:
        assert_only_stacks_split(build, without(trace, "page_copy"))
    page = f"{STACK_PAGE:#010x} (the stack's top page)"
    wanted = (f"1 copies of {page}: one for each fork\nseen     0 copies" if build.cow
              else f"a copy of {page}\nseen     none")
    assert f"expected {wanted}" in str(failure.value)
    assert failure.value.seq == trace.one("fork", parent=2).seq


@pytest.fixture
def failed(bench, tmp_path):
    """failed(program, check, ...): the report, by title, of a test whose check of the run fails; its folder is tmp_path."""
    def fail(program: str, check, **machine) -> dict[str, str]:
        run: Run = bench.machine(program, **machine).run(bench.build.wall_seconds)
        bench.runs.append(run)
        with pytest.raises(AssertionError) as failure:
            check(run)
        return dict(explained(bench.runs, failure.value, False, bench.build.folder, tmp_path / program, program,
                             kept=tmp_path / "kept"))
    return fail


def command(report: dict[str, str], name: str) -> list[str]:
    """The words of one of the commands that a report offers."""
    line, = re.findall(rf"^{name}: +(.*)$", report["what to do next"], re.MULTILINE)
    return shlex.split(line)


def in_tree(words: list[str], typed: str | None = None) -> subprocess.CompletedProcess:
    """stdin is /dev/null unless something is typed."""
    source = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run([ROOT / words[0], *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT,
                          check=False, **source)


def not_in_order(run: Run):
    run.trace.in_order("fork parent=2", "page_copy" if run.trace.of("page_copy") else "exit pid=3", "kill")


def test_report(failed, build, tmp_path):
    """An order that is not kept points to the last event that was found. The report has those around it, and the
    processes and their pages as they were then; the commands repeat exactly this run, and open its memory."""
    build.need_trace()
    report = failed("exit", not_in_order)
    marked, = [line for line in report["the first deviation"].splitlines() if line.startswith(">")]
    assert re.search(r'> +\d+  tick +\d+\.\d\d  pid 2 "exit" +', marked), marked
    number = re.search(r"\d+", marked)[0]
    assert not build.cow or "page_copy va=0xaffff000 (the stack's top page)" in marked
    assert 10 < len(report["the first deviation"].splitlines()) < 30
    assert re.search(r"^\* +2 +1 RUNNING +exit$", report[f"processes at event {number}"], re.MULTILINE)
    pages = report[f'pages of pid 2 "exit" at event {number}']
    assert re.search(r"affff000 b0000000 +1 .*the stack's top page$", pages, re.MULTILINE), pages

    again = command(report, "repeat it")
    done = in_tree([again[0], "--ram", str(tmp_path / "again"), *again[1:]])
    assert done.returncode == 0 and "exit pass." in done.stdout, done.stderr
    first, second = (list(map(str, load_trace(str(file), build.kernel)))
                     for file in (tmp_path / "kept/end", tmp_path / "again"))
    assert first == second
    assert "RUNNING" not in in_tree(command(report, "its memory then")).stderr
    assert in_tree(command(report, "its memory then")).stdout.strip() == pages.strip()
    assert in_tree(command(report, "its memory last")).stdout.splitlines() == first


def test_debugger_is_there(failed, build):
    """The debugger's commands stop the machine at the event, and step backwards in the recording."""
    build.need_trace()
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    report = failed("exit", lambda run: run.trace.in_order("exit pid=3", "kill"))
    words = command(report, "debug it there")
    assert words[1:4] == ["--gdb=here", "--event", "exit:1"]
    done = in_tree([words[0], "--gdb=here", *words[2:]])
    assert "exit 1 in process 3 exit" in done.stdout, done.stdout + done.stderr
    words = command(report, "step backwards")
    between = next(i for i, word in enumerate(words) if word.endswith(";"))
    done = in_tree([*words[:between], words[between].removesuffix(";")])
    assert done.returncode == 0, done.stderr
    done = in_tree(words[between + 1:], "ucow-back fork\n")
    assert re.search(r"^exit 1 in process 3 exit\n(.*\n)*.*fork in process 2 exit, at instruction", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("event", ["switch from=2", "exec pid=2", "page_copy"])
def test_moment_of_an_event(bench, build, event):
    """D136: the machine gets there again, however the kernel records the event, and by the same path."""
    build.need_trace()
    machine = bench.machine("exit")
    run = machine.run(build.wall_seconds)
    bench.runs.append(run)
    at = run.trace.all(event)[0]
    with moment.stopped(machine, moment.until_event(run.trace, at), build.wall_seconds) as live:
        again = load_trace(str(live.memory_file), build.kernel)
    assert moment.same_events(run.trace, again)
    assert again.records[at.seq].name == at.name
    assert len(again) - 1 - at.seq < AT_ONCE, "it was stopped later than when the event was recorded"
    first, second = ([record.stamp for record in trace][:at.seq + 1 - AT_ONCE] for trace in (run.trace, again))
    assert first == second, "a stop before it has taken time"


def test_line_that_deviates(failed, build):
    """The moment is when the last expected line was printed."""
    report = failed("exit", lambda run: run.lines.in_order("I am the child.", "no such line"))
    assert report["the first deviation"].startswith("after line ") and "I am the child." in report["the first deviation"]
    assert not build.trace or re.search(r"^\* +3 +2 RUNNING +exit$", report["processes then"], re.MULTILINE)


def test_questions_are_marked(failed, build):
    """A test that compares events itself has asked for them."""
    build.need_trace()
    def check(run):
        assert len(run.trace.all("sleep", pid=2)) == 2
    report = failed("exit", check)["the first deviation"]
    assert report.startswith("the test looked at the events sleep pid=2: 1, marked below\n")
    def compare(run):
        assert [record.code for record in run.trace.all("exit")] == [run.trace.all("exit")[0].code, 77]
    differs = failed("exit", compare)["the first deviation"]
    assert differs.startswith("the test looked at the events exit: 2, marked below; number 1 of them, counted from 0, differs\n")
    assert len(re.findall(r'^> .* pid 2 "exit" +sleep pid=2', report, re.MULTILINE)) == 1


def test_run_that_did_not_pass(bench, build):
    """The first event that breaks a rule of every trace, or the last one before a panic."""
    build.need_trace()
    if not build.planted:
        pytest.skip("the kernel is built with -Dplanted=false")
    run = bench.machine("hello", cmdline="selftest=assert").run(build.wall_seconds)
    bench.runs.append(run)
    assert run.status == PANIC
    finding = find(run, None, judged=True)
    assert finding.why.startswith("the last event before: kernel panic at") and finding.at.name not in ("end", "peak")


def test_run_at_fault(bench, build):
    """Of several runs of a test, the report is about the one that its error is about."""
    build.need_trace()
    bench.runs += [bench.machine(name).run(build.wall_seconds) for name in ("hello", "exit")]
    for run in bench.runs:
        with pytest.raises(Deviation) as failure:
            run.trace.one("kill")
        assert run_at_fault(bench.runs, failure.value) is run
        with pytest.raises(AssertionError) as failure:
            run.lines.once("no such line")
        assert run_at_fault(bench.runs, failure.value) is run


def test_what_is_typed(boot, bench, build, tmp_path):
    """A machine that was typed at, and ended by its test: no command repeats it."""
    with pytest.raises(AssertionError) as failure:
        with boot("sh") as live:
            live.expect("$ ")
            live.type("hello\n")
            live.expect("$ ")
            raise AssertionError
    report = dict(explained(bench.runs, failure.value, False, build.folder, tmp_path / "sh", "typed", kept=tmp_path / "kept"))
    assert "the test itself, which types 'hello\\n'" in report["what to do next"]
    assert f"step backwards:  printf 'hello\\n' | tools/run --record {tmp_path}/kept/recording " in report["what to do next"]
    assert not build.trace or re.search(r"2 +1 SLEEPING +sh$", report["processes at the end"], re.MULTILINE)


def test_memory_of_a_broken_kernel(bench, build, tmp_path):
    """Lists without an end do not keep the test's message from being shown."""
    run = bench.machine("hello").run(build.wall_seconds)
    bench.runs.append(run)
    memory = FileMemory(run.memory_file)
    guest = Guest.of(memory, build.kernel)
    children = guest.layout.members(PROC, "proc")["children"].offset
    head = guest.processes[0].address + children
    first = guest.member(head, PROC, "list_node", "next")
    memory.close()
    with run.memory_file.open("r+b") as file:
        file.seek(physical(first) + guest.layout.members(PROC, "list_node")["next"].offset)
        file.write(first.to_bytes(4, "little"))
    report = dict(sections(bench.runs, AssertionError(), False, build.folder, tmp_path / "broken", "list", tmp_path / "kept"))
    assert report["processes and pages"].startswith("cannot be read: the list at 0x"), report
    assert "hello pass." in report["serial line"]


def test_report_that_fails(bench, build, tmp_path, monkeypatch):
    run = bench.machine("hello").run(build.wall_seconds)
    bench.runs.append(run)
    monkeypatch.setattr(failure, "find", None)
    report = dict(sections(bench.runs, AssertionError(), False, build.folder, tmp_path / "failed", "fails"))
    assert "TypeError" in report["no report"] and "qemu-system-i386" in report["repeat it with"]
