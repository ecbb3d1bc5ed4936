# SPDX-License-Identifier: MIT
"""What a run of a program of user/course shows: whether a check has passed, and if not what was expected and seen.

A kernel can print anything and end with any status. So each check needs three things that agree: lines that depend on a
number drawn for this run, events in the guest's memory whose number and exit codes depend on it, too, and the status.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .. import LabError
from ..invariants import FAULT_WRITE
from ..machine import CHECK_FAILED, PASSED, PROGRAM_FAILED, Run, status_text
from ..mistakes import report_of
from ..trace import Record, Trace
from ..verdict import BANNER, problems
from .answers import HOT_PAGES, PAGES, Answer

FIRST = 2  # the pid of the program
PAGE = 4096
VM_WRITE = 2  # of the flags of a region
PAGES_AT = re.compile(r"^\w+: (?:hot )?pages at ([0-9a-f]{8})$")
TIME_UP = "the machine used up its time"
EXERCISE = re.compile(r"^exercise: ")
EVENT = re.compile(r"(\[t=\d+\] [^:]* running=\d+): ")  # in the sentence of an invariant
DIES = re.compile(r'^pid 2 ".*" dies: ')
ENDED = re.compile(r'^init: program ".*" ended with exit code ')
QUICK_STAMPS = 2_000_000  # of the time stamp counter, for a fork of 16 MiB


@dataclass(frozen=True)
class Loss:
    """Why a check failed."""
    expected: str
    seen: str
    event: str = ""


def judge(how: str, name: str, run: Run, answer: Answer) -> Loss | None:
    """Why the run does not pass the check `name`, judged as lab.Check says; None if it does."""
    loss = judge_status(run, strict=how in ("clean", "rules")) or judge_lines(run, answer) or judge_history(run, answer)
    if loss is None and how == "events":
        loss = EVENTS[name](run, run.trace, answer)
    if loss is None and how in ("clean", "rules") and (wrong := problems(run)):
        loss = complaint(wrong[0], run)
    return loss


def complaint(sentence: str, run: Run) -> Loss:
    """What is wrong with a run, at the event that the sentence names, or else the last one."""
    event = EVENT.search(sentence)
    return Loss("a run without a leak, a complaint or a contradiction in the trace", EVENT.sub("", sentence, count=1),
                event[1] if event else last_event(run))


def last_event(run: Run) -> str:
    """The last event of a run, as far as there is one."""
    try:
        return str(run.trace.last(1)[0])
    except (LabError, IndexError):
        return ""


def judge_status(run: Run, strict: bool) -> Loss | None:
    """How the run ended. Unless `strict`, memory may be missing at its end."""
    if line := next(iter(run.lines.all(EXERCISE)), None):
        return Loss("a run that needs this exercise", line, last_event(run))
    if run.status is None or run.status < 0 or run.status > 128:
        return Loss("the end of the run", f"no end: {TIME_UP}", last_event(run))
    if run.status not in ((PASSED,) if strict else (PASSED, CHECK_FAILED)):
        report = " ".join(report_of(run)[:2]) or last_words(run)
        return Loss(f"status {PASSED}", f"status {status_text(run.status)}" + (f": {report}" if report else ""),
                    last_exit(run) if run.status == PROGRAM_FAILED else last_event(run))
    if (banners := run.lines.count(BANNER)) != 1:
        return Loss("one boot", f"{banners} boots", last_event(run))
    return None


def last_words(run: Run) -> str:
    """Why the kernel killed the first program, or the last line before the program failed; "" if it did not fail."""
    if line := next(iter(run.lines.all(DIES)), None):
        return line
    at = next((i for i, line in enumerate(run.lines) if ENDED.match(line)), 0)
    line = next((line for line in reversed(run.lines.lines[:at]) if not line.startswith(" ")), "")
    return f'{run.lines.lines[at].removeprefix("init: ").rstrip(".")} after the line "{line}"' if line else ""


def judge_lines(run: Run, answer: Answer) -> Loss | None:
    """Each line of the answer stands there once, and the program says nothing else."""
    said = Counter(line for line in run.lines if line.startswith(f"{answer.prefix} ") and not PAGES_AT.match(line))
    for line in answer.lines:
        if said[line] != 1 and not (said[line] and answer.repeated):
            others = [other for other in said if other not in answer.lines]
            like = "" if said[line] else closest(others, line)
            report = " ".join(report_of(run)[:2])
            seen = f'"{like}"' if like else "that line more than once" if said[line] else report or "no such line"
            return Loss(f'the line "{line}"', seen, last_exit(run))
    if more := next((line for line in said if line not in answer.lines), None):
        return Loss("no line but the expected ones", f'"{more}"', last_exit(run))
    return None


def closest(lines: list[str], wanted: str) -> str:
    """The line that begins most like another; "" if there are none."""
    return max(lines, key=lambda line: common(line, wanted), default="")


def common(one: str, other: str) -> int:
    """How many characters two lines begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def last_exit(run: Run) -> str:
    """The last exit of a process, or the last event."""
    try:
        return str(run.trace.of("exit")[-1])
    except (LabError, IndexError):
        return last_event(run)


def judge_history(run: Run, answer: Answer) -> Loss | None:
    """The events in memory tell of the same processes: as many forks, and the same exit codes."""
    try:
        trace = run.trace
    except LabError as error:
        return Loss("a trace in the machine's memory", str(error))
    whole = len(trace.of("boot")) == len(trace.of("end")) == 1 and not trace.lost
    if not whole:
        return Loss("a trace with its beginning and its end", f"{len(trace.of('boot'))} boot and {len(trace.of('end'))} end "
                    f"events, {trace.lost} lost", last_event(run))
    if not any(record.pid == FIRST and record.shown("name") == answer.program for record in trace.of("exec")):
        return Loss(f"an exec of {answer.program} by pid {FIRST}", "none in the trace", last_event(run))
    if not answer.codes:
        return None
    first, seen = first_exit(trace), Counter(record.code for record in trace.of("exit"))
    if first is None or first.code != 0:
        return Loss(f"exit code 0 of pid {FIRST}", "none" if first is None else str(first.code), last_event(run))
    forks = [record for record in trace.of("fork") if record.parent >= FIRST]
    if len(forks) != len(answer.codes):
        return Loss(f"{len(answer.codes)} forks", f"{len(forks)}", str(forks[-1]) if forks else "")
    if missing := Counter(answer.codes) + Counter([0]) - seen:
        return Loss(f"a process that ends with code {next(iter(missing))}", "none in the trace", last_exit(run))
    return None


def first_exit(trace: Trace) -> Record | None:
    """The exit of the program itself."""
    return next((record for record in trace.of("exit") if record.pid == FIRST), None)


# ---- What checks look for in the trace ----

def in_pages(run: Run, record: Record, n: int = PAGES) -> bool:
    """Whether an event is about the `n` pages that the program says it has."""
    start = next((int(found[1], 16) for line in run.lines if (found := PAGES_AT.match(line))), 0)
    return start <= record.va < start + n * PAGE


def untouched(run: Run, trace: Trace, _: Answer) -> Loss | None:
    """No page is copied that no process writes to after fork."""
    fork = trace.of("fork")[-1]
    copied = [record for record in trace.of("page_copy") if in_pages(run, record)]
    if copied:
        return Loss(f"no copy of the {PAGES} pages, which are only read after the fork", f"{len(copied)} copies", str(copied[0]))
    faults = [record for record in trace.of("fault") if in_pages(run, record) and record.seq > fork.seq]
    if faults:
        return Loss("no page fault at pages that are only read", f"{len(faults)} faults", str(faults[0]))
    return None


def alone(run: Run, trace: Trace, _: Answer) -> Loss | None:
    """Pages that no other process maps any more are taken back."""
    reap = trace.of("reap")[0]
    after = [record for record in trace.of("fault") if in_pages(run, record) and record.seq > reap.seq
             and record.error & FAULT_WRITE]
    if copies := [record for record in after if record.shown("outcome") == "copy"]:
        return Loss(f"{PAGES} pages taken back without a copy (outcome=reuse)", f"{len(copies)} copied", str(copies[0]))
    if len(after) != PAGES:
        return Loss(f"one write fault for each of the {PAGES} pages after the child's end", f"{len(after)}",
                    str(after[0]) if after else str(reap))
    return None


def copies(run: Run, trace: Trace, _: Answer) -> Loss | None:
    """Each page is copied once, in fork, and no other."""
    fork = next(record for record in trace.of("fork") if record.parent == FIRST)
    made = [record for record in trace.of("page_copy") if in_pages(run, record)]
    if len(made) != PAGES or any(record.seq > fork.seq for record in made):
        return Loss(f"{PAGES} copies of the program's pages, before the event fork", f"{len(made)}",
                    str(made[-1]) if made else str(fork))
    fixed = [record for record in trace.of("map") if not record.flags & VM_WRITE]
    for record in trace.of("page_copy"):
        if any(region.start <= record.va < region.end for region in fixed):
            return Loss("no copy of pages that cannot be written", "one", str(record))
    return None


def cases(_: Run, trace: Trace, answer: Answer) -> Loss | None:
    """The parent sleeps in wait only in the second case, and the child that ends wakes it."""
    exits = [record for record in trace.of("exit") if record.code in answer.codes and record.pid != FIRST]
    early, late = exits[0], exits[-1]
    waited = [record for record in trace.of("sleep") if record.pid == FIRST and record.seq < late.seq]
    woken = [record for record in trace.of("wake") if record.pid == FIRST and record.seq > late.seq and record.by == late.pid]
    if not waited or waited[-1].seq < early.seq:
        return Loss("a sleep of the parent that waits before its child ends", "none", str(late))
    if not woken:
        return Loss(f"a wake of pid {FIRST} by the child that ends, pid {late.pid}", "none", str(late))
    return None


def orphans(_: Run, trace: Trace, answer: Answer) -> Loss | None:
    """Init gets the children, and reaps them."""
    given = [record for record in trace.of("reparent") if record["to"] == 1]
    reaped = [record for record in trace.of("reap") if record.parent == 1 and record.child != FIRST]
    if len(given) != answer.orphans:
        return Loss(f"{answer.orphans} events reparent to init", f"{len(given)}", str(given[-1]) if given else "")
    if len(reaped) < answer.orphans:
        return Loss(f"{answer.orphans} processes reaped by init", f"{len(reaped)}", str(given[-1]))
    return None


def dead(run: Run, trace: Trace, answer: Answer) -> Loss | None:
    """The same, and init is woken for them: it does not reap them only when another child of its own ends."""
    loss, first = orphans(run, trace, answer), first_exit(trace)
    reaped = [record for record in trace.of("reap") if record.parent == 1 and first and record.seq < first.seq]
    if loss is None and len(reaped) < answer.orphans:
        return Loss(f"{answer.orphans} processes reaped by init before the first program ends", str(len(reaped)), str(first))
    return loss


HOT_LATER = 2  # how often a page that is accessed all the time may come back: at first all pages were accessed
SEARCH_STAMPS = 4_000_000  # of the time stamp counter, for a search that ends soon: a third of one that asks all pages


def hot(run: Run, trace: Trace, _: Answer) -> Loss | None:
    """Pages that are accessed all the time stay in memory."""
    evicted = trace.of("evict")
    back = [record for record in trace.of("fault") if record.shown("outcome") == "swap_in" and in_pages(run, record, HOT_PAGES)]
    if not evicted:
        return Loss("evictions, because memory is full", "none in the trace", last_event(run))
    if len(back) > HOT_LATER * HOT_PAGES:
        return Loss(f"at most {HOT_LATER} reads from the disk for each of the {HOT_PAGES} pages that are accessed all the time",
                    f"{len(back)} for all of them", str(back[-1]))
    return None


def brief(_: Run, trace: Trace, __: Answer) -> Loss | None:
    """A page is found soon, also while all pages count as accessed."""
    searches = [(after.stamp - before.stamp, after) for before, after in zip(trace.records, trace.records[1:]) if after.name == "evict"]
    longest, record = max(searches, key=lambda search: search[0], default=(0, None))
    if longest > SEARCH_STAMPS:
        return Loss(f"a page to evict in at most {SEARCH_STAMPS} cycles of the time stamp counter", str(longest), str(record))
    return None


def shares_tables(run: Run, trace: Trace, _: Answer) -> Loss | None:
    """Fork shares page tables, and one that a side writes below is copied once."""
    shared, copied = trace.of("table_share"), trace.of("table_copy")
    if len(shared) < 5:
        return Loss("at least 5 page tables of 16 MiB shared at fork (events table_share)", str(len(shared)), last_event(run))
    if len(copied) > len(shared):
        return Loss(f"at most one copy for each of {len(shared)} shared tables", str(len(copied)), str(copied[-1]))
    return None


def quick(_: Run, trace: Trace, __: Answer) -> Loss | None:
    """The cost of a fork of 16 MiB."""
    enter = next(record for record in trace.of("syscall_enter") if record.shown("nr") == "fork")
    leave = next((record for record in trace.of("syscall_leave") if record.shown("nr") == "fork" and record.cpu_pid == FIRST), None)
    if leave is None or leave.stamp - enter.stamp > QUICK_STAMPS:
        return Loss(f"a fork of 16 MiB in at most {QUICK_STAMPS} cycles of the time stamp counter",
                    "no end" if leave is None else str(leave.stamp - enter.stamp), str(leave or enter))
    return None


EVENTS: dict[str, Callable[[Run, Trace, Answer], Loss | None]] = {
    "untouched": untouched, "alone": alone, "copies": copies, "cases": cases, "orphans": orphans, "dead": dead,
    "hot": hot, "brief": brief, "tables": shares_tables, "quick": quick}
