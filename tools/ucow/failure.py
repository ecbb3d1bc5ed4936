# SPDX-License-Identifier: MIT
"""What a failed run has to say: where it deviates first, the events around that, the processes and their pages at that
moment, and the commands that repeat the run, debug it there, and open the memory that is kept.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import LabError, children, moment
from .build import KERNEL, ROOT
from .inspect import answer
from .invariants import first_violation
from .machine import PROGRAM_FAILED, Machine, Run, quickest_firmware, status_text
from .memory import FileMemory
from .naming import Programs, event_text
from .pages import Guest
from .serial import LineDeviation
from .trace import Deviation, Record, Trace, read_trace
from .verdict import COMPLAINT

BEFORE, AFTER = 12, 6  # events shown around a deviation
MOST_PROCESSES = 3     # whose pages are shown
MOST_LINES = 14        # of a list of processes
MANY = re.compile(r"\b((?:\d+ ){5})(?:\d+ ){2,}(?=\d+\b)")  # pids, of which the first and the last are shown
FIRST_USER = 2         # pid of the first program
NAMED = {"\n": "\\n", "\\": "\\\\", "%": "%%"}
DIFFERS = re.compile(r"At index (\d+) diff: ")
SIMPLE = ("end", moment.MEASURED)  # events that say nothing of what went before
SECONDS = 20           # to get to the moment again


class Section(NamedTuple):
    """A part of a report."""
    title: str
    text: str


@dataclass
class Finding:
    """Where a run deviates first."""
    why: str
    at: Record | None = None                          # the event
    printed: int = 0                                  # or the number of bytes that the machine has printed by then
    marked: list[Record] = field(default_factory=list)  # events that the test looked at


def find(run: Run, error: BaseException | None, judged: bool) -> Finding:
    """Where the run deviates first from what the error of its test says; `judged` is whether the run itself is no good."""
    if isinstance(error, LineDeviation):
        text = error.lines.lines[error.line - 1] if error.line else ""
        return Finding(f"after line {error.line} of the serial output: {text}", printed=error.lines.bytes_until(error.line))
    trace = trace_of(run)
    if trace is None or not trace.records:
        return Finding("there is no trace to look at")
    if isinstance(error, Deviation):
        return Finding("the event at which the trace is not as the test expects", by_seq(trace, error.seq))
    return find_in_run(run, trace) if judged else find_asked(trace, str(error))


def trace_of(run: Run) -> Trace | None:
    try:
        return run.trace
    except LabError:
        return None


def by_seq(trace: Trace, seq: int) -> Record | None:
    place = seq - trace.records[0].seq
    return trace.records[place] if 0 <= place < len(trace) else None


def find_in_run(run: Run, trace: Trace) -> Finding:
    """Of a run that did not pass."""
    last = next((record for record in reversed(trace.records) if record.name not in SIMPLE), None)
    violation, complaints = first_violation(trace), run.lines.all(COMPLAINT)
    if violation and not (complaints and violation.record is last):  # a machine that stops leaves things undone
        return Finding(f"expected {violation.rule}\nseen     {violation.what}", violation.record)
    if complaints:
        return Finding(f"the last event before: {complaints[0].rstrip(':')}", last)
    if run.status == PROGRAM_FAILED:
        return find_in_program(run, trace, last)
    return Finding(f"the last event of a run that ended with status {status_text(run.status)}", last)


def find_in_program(run: Run, trace: Trace, last: Record | None) -> Finding:
    """Of a run whose first program ended with an exit code that is not 0."""
    lines = run.lines.lines
    said = next((" ".join([line, *lines[i + 1:i + 2]] if line.startswith("user panic") else [line]) for i, line in enumerate(lines)
                 if line.startswith(("user panic at", f'pid {FIRST_USER} "'))), "another one, for no reason that was printed")
    faults = [record for record in trace if record.name == "fault" and record.pid == FIRST_USER
              and record.shown("outcome") not in ("fill", "copy", "reuse", "swap_in")]
    ends = [record for record in trace if record.name == "exit" and record.pid == FIRST_USER]
    return Finding(f"expected that the first program's exit code is 0\nseen     {said}",
                   faults[-1] if faults else ends[0] if ends else last)


def find_asked(trace: Trace, error: str = "") -> Finding:
    """Of a run that passed, and a test that compares something itself: the events at which it looked last; of two lists with
    a value for each, the event whose values differ first."""
    question, found = trace.asked
    differs = DIFFERS.search(error)
    if not found:
        return Finding(f"the test looked for the events {question}: there are none" if question
                       else "the test names no event and no line")
    at = int(differs[1]) if differs and int(differs[1]) < len(found) else 0
    which = f"; number {at} of them, counted from 0, differs" if differs and at == int(differs[1]) else ""
    return Finding(f"the test looked at the events {question}: {len(found)}, marked below{which}", found[at], marked=found)


def events_around(trace: Trace, finding: Finding) -> str:
    """The events around the one of a finding, or the last."""
    programs, at = Programs(trace), finding.at
    records = trace.around(at.seq, BEFORE, AFTER) if at else trace.last(BEFORE + AFTER)
    marked = {record.seq for record in [*finding.marked, *([at] if at else [])]}
    return "\n".join(f"{'>' if record.seq in marked else ' '} {event_text(record, trace, programs)}" for record in records)


# ---- the machine at that moment ----

def until(finding: Finding, trace: Trace | None) -> moment.Until | None:
    """What stops the machine at the moment of a finding."""
    if finding.printed:
        return moment.until_printed(finding.printed)
    if finding.at is None or trace is None or trace.lost:
        return None
    return moment.until_event(trace, finding.at)


@contextmanager
def machine_then(run: Run, finding: Finding, typed: bool) -> Iterator[tuple[Path, str]]:
    """The memory of the machine at the moment of a finding, and words for when that is; else its memory at the end."""
    where = None if typed else until(finding, trace_of(run))
    with ExitStack() as stack:
        live = None
        if where:
            with suppress(LabError):  # it does not get there again
                live = stack.enter_context(moment.stopped(run.machine, where, SECONDS))
        if live is None:
            yield run.memory_file, "at the end"
            return
        then = f"at event {finding.at.seq}" if finding.at else "then"
        yield live.memory_file, then if repeats(run, live.memory_file) else f"{then}, of a repetition with other ticks"


def repeats(run: Run, file: Path) -> bool:
    """Whether the machine whose memory is the file has done what the run did."""
    memory, trace = FileMemory(file), trace_of(run)
    try:
        return trace is None or moment.same_events(trace, read_trace(memory, run.symbols))
    finally:
        memory.close()


def concerned(guest: Guest, finding: Finding) -> list[int]:
    """The pids of the processes with memory that a finding names, and of their parents; without an event, of the first ones."""
    alive, at = {process.pid: process.parent for process in guest.processes if process.mm}, finding.at
    named = [at.cpu_pid, *at.pids, *map(int, re.findall(r"\bpid (\d+)", finding.why))] if at else list(alive)
    named += [alive[pid] for pid in named if pid in alive]
    return [pid for pid in dict.fromkeys(named) if pid in alive][:MOST_PROCESSES]


def shortened(lines: Iterator[str]) -> str:
    """Lines without most of many processes."""
    kept = [MANY.sub(r"\1... ", line) for line in lines]
    return "\n".join(kept if len(kept) <= MOST_LINES else [*kept[:MOST_LINES], f"     ... {len(kept) - MOST_LINES} more"])


def processes(file: Path, elf: Path, finding: Finding) -> Iterator[tuple[str, str]]:
    """Titles and texts about the processes in a machine's memory, and the pages of those that are concerned."""
    memory = FileMemory(file)
    try:
        guest = Guest.of(memory, elf)
        yield "processes", f'{shortened(answer(guest, "ps", []))}\n\n{shortened(answer(guest, "waits", []))}'
        names = {process.pid: process.name for process in guest.processes}
        for pid in concerned(guest, finding):
            yield f'pages of pid {pid} "{names[pid]}"', shortened(answer(guest, "pages", [str(pid)]))
    finally:
        memory.close()


# ---- commands ----

def tools_run(machine: Machine, build: Path, kept: Path) -> list[str] | None:
    """The words of tools/run that boot a machine; None if tools/run has no options for it. A program from outside is in
    the folder `kept`."""
    modules, program = dict(machine.modules), list(machine.program)
    plain = (machine.append is None and not machine.swap_image and not machine.swap_errors
             and not [word for word in machine.extra if word != "-icount" and not word.startswith("shift=")]
             and Path(machine.elf) == build / KERNEL and machine.firmware == quickest_firmware()
             and (not modules or list(modules) == program[:1]))
    if not plain or not program:
        return None
    if modules:
        program[0] = str(kept / f"{program[0]}.elf")
    return ["tools/run", *([] if build == ROOT / "build" else ["-b", str(build)]), "--as-test",
            *(["-m", machine.memory] if machine.memory != "128M" else []), *(["--cpu", machine.cpu] if machine.cpu else []),
            *(["--swap", machine.swap] if machine.swap else []), *machine.options, *program]


def debug_words(trace: Trace | None, at: Record | None) -> list[str]:
    """The options of tools/run that debug a machine at an event."""
    where = ["--event", f"{at.name}:{moment.nth_of_kind(trace, at)}"] if trace and at and not trace.lost else []
    return ["--gdb=here", *where]


def printf_format(text: str) -> str:
    """The format with which printf prints a text."""
    return "".join(NAMED.get(c, c if " " <= c < "\x7f" else "".join(f"\\{byte:03o}" for byte in c.encode())) for c in text)


def recorded_and_replayed(words: list[str], kept: Path, debug: list[str]) -> str:
    """The commands that record a run of tools/run, and debug its replay."""
    record = str(kept / "recording")
    return (f"{shlex.join([words[0], '--record', record, *words[1:]])}; "
            f"{shlex.join([words[0], *words[1:words.index('--as-test')], '--replay', record, *debug])}")


def commands(run: Run, finding: Finding, build: Path, kept: Path, typed: str) -> Iterator[str]:
    """What to do next, one a line."""
    trace, words = trace_of(run), tools_run(run.machine, build, kept)
    if typed:
        yield f"repeat it:       the test itself, which types {typed!r}; the machine is: {run.repeat()}"
        if words:
            yield f"step backwards:  printf {shlex.quote(printf_format(typed))} | {recorded_and_replayed(words, kept, ['--gdb=here'])}"
    elif words is None:
        yield f"repeat it:       {run.repeat()}"
        yield f"debug it:        the same command with -S -s, and gdb -x tools/gdb/ucow.py -ex 'target remote :1234' {run.machine.elf}"
    else:
        debug = debug_words(trace, finding.at)
        yield f"repeat it:       {shlex.join(words)}"
        yield f"debug it there:  {shlex.join([words[0], *debug, *words[1:]])}"
        yield f"step backwards:  {recorded_and_replayed(words, kept, debug)}"


def looks(run: Run, kept: Path, pid: int) -> Iterator[str]:
    """The commands that open the memory that is kept, one a line."""
    elf = [] if Path(run.machine.elf) == ROOT / "build" / KERNEL else ["--elf", str(run.machine.elf)]
    if (kept / "then").exists():
        yield f"its memory then: {shlex.join(['tools/inspect', *elf, str(kept / 'then'), 'pages', str(pid)])}"
    if (kept / "end").exists():
        yield f"its memory last: {shlex.join(['tools/trace', *elf, str(kept / 'end')])}"


def keep(file: Path, kept: Path, name: str) -> None:
    """Copy a machine's memory, with its holes."""
    if file.exists():
        kept.mkdir(parents=True, exist_ok=True)
        children.run(["cp", "--sparse=always", file, kept / name])


def sections(run: Run, finding: Finding, build: Path, kept: Path, typed: str = "") -> list[Section]:
    """The report of a failed run. Keeps memory and programs in the folder `kept`."""
    trace, found, pid = trace_of(run), [], FIRST_USER
    shutil.rmtree(kept, ignore_errors=True)
    keep(run.memory_file, kept, "end")
    for name, path in run.machine.modules.items():
        keep(Path(path), kept, f"{name}.elf")
    if trace and trace.records:
        found.append(Section("the first deviation", f"{finding.why}\n\n{events_around(trace, finding)}"))
    else:
        found.append(Section("the first deviation", finding.why))
    try:
        with machine_then(run, finding, bool(typed)) as (memory, then):
            if memory != run.memory_file:
                keep(memory, kept, "then")
            found += [Section(f"{title} {then}", text) for title, text in processes(memory, Path(run.machine.elf), finding)]
        pid = finding.at.cpu_pid if finding.at and finding.at.cpu_pid >= FIRST_USER else FIRST_USER
    except (LabError, OSError, ValueError, KeyError, IndexError) as error:  # the memory of a broken kernel can have anything
        found.append(Section("processes and pages", f"cannot be read: {error}"))
    found.append(Section("what to do next", "\n".join([*commands(run, finding, build, kept, typed), *looks(run, kept, pid)])))
    return found
