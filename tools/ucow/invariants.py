# SPDX-License-Identifier: MIT
"""Invariants that every trace must satisfy, regardless of the program that ran.

Each invariant is a generator that takes a trace and yields one sentence for each violation, with
the record at fault. They see the whole history: a trace that lost records cannot be judged.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .enums import may_become
from .protocol import lives_as_in_the_model
from .trace import Record, Trace

IDLE, INIT = 0, 1
PAGE_MASK = ~0xFFF
FAULT_WRITE = 2  # Intel SDM 3A 4.7: bit 1 of a page fault's error code
KILLED = -9      # the exit code of a process that was killed
CLONE_VM = 0x100  # of a fork's flags (ucow/abi.h): the child shares the parent's memory, as a thread does

# From each state, the states that may follow.
MAY_BECOME = may_become()

# System calls that do not come back to their caller when they work.
NO_RETURN = {"exit", "exec", "linux_exit", "linux_exit_group", "linux_execve"}

# System calls that duplicate the caller's memory.
FORKS = {"fork", "clone", "linux_fork", "linux_vfork", "linux_clone"}

Invariant = Callable[[Trace], Iterator[str]]


def stamps_never_go_back(trace: Trace) -> Iterator[str]:
    """Time passes from record to record."""
    for earlier, later in zip(trace.records, trace.records[1:]):
        if later.stamp < earlier.stamp:
            yield f"{later} comes after {earlier}"


def boot_and_end_frame_the_trace(trace: Trace) -> Iterator[str]:
    """The first event is the one boot; there is exactly one end."""
    if not trace.records or trace.records[0].name != "boot" or len(trace.of("boot")) != 1:
        yield f"the trace begins with {trace.records[0] if trace.records else 'nothing'}, not with its one boot event"
    if (ends := len(trace.of("end"))) != 1:
        yield f"the trace has {ends} end events, not 1"


def states_walk_the_table(trace: Trace) -> Iterator[str]:
    """Each pid starts UNINIT, leaves the state it is in, and only by an arrow of the table."""
    state: dict[int, str] = {}
    for record in trace.of("state"):
        pid, old, new = record.pid, record.shown("from"), record.shown("to")
        # The boot code becomes idle: it was running before there were states.
        is_in = state.get(pid, "RUNNING" if pid == IDLE else "UNINIT")
        if old != is_in:
            yield f"{record}: pid {pid} was {is_in}"
        elif new not in MAY_BECOME[old]:
            yield f"{record}: no such arrow"
        state[pid] = new
        if new == "GONE":
            del state[pid]


def cpu_belongs_to_the_running(trace: Trace) -> Iterator[str]:
    """The CPU goes from the process that has it to one that is RUNNING, and it alone."""
    running: set[int] = {IDLE}
    has_cpu = IDLE
    for record in trace.of("state", "switch"):
        if record.name == "state":
            (running.add if record.shown("to") == "RUNNING" else running.discard)(record.pid)
            continue
        if {record["from"], record.cpu_pid} != {has_cpu}:
            yield f"{record}: pid {has_cpu} had the CPU"
        has_cpu = record["to"]
        if running != {has_cpu}:
            yield f"{record}: RUNNING were {sorted(running)}"


def fork_precedes_first_run(trace: Trace) -> Iterator[str]:
    """No process but idle and init runs before the fork that made it."""
    born = {IDLE, INIT}
    for record in trace.of("fork", "switch", "reap"):
        if record.name == "fork":
            born.add(record.child)
        elif record.name == "reap":
            born.discard(record.child)
        elif record["to"] not in born:
            yield f"{record}: no fork made pid {record['to']}"


def dead_do_nothing(trace: Trace) -> Iterator[str]:
    """After exit a process only frees what it has, and lets others run; once a zombie it does not run, and after its
    reap it is not even that."""
    dead: set[int] = set()
    zombies: set[int] = set()
    reaped: set[int] = set()
    for record in trace:
        actor, name = record.cpu_pid, record.name
        if name == "fork":
            dead.discard(record.child)
            zombies.discard(record.child)
            reaped.discard(record.child)
        if actor in reaped:
            yield f"{record}: run by pid {actor}, which was reaped"
        elif actor in dead and name in ("syscall_enter", "syscall_leave", "fork", "exec", "exit", "sleep"):
            yield f"{record}: run by pid {actor}, which had exited"
        if name == "exit":
            dead.add(record.pid)
        elif name == "state" and record.shown("to") == "ZOMBIE":
            zombies.add(record.pid)
        elif name == "reap":
            reaped.add(record.child)
        elif name == "switch" and record["to"] in zombies:
            yield f"{record}: pid {record['to']} is a zombie"


class _Families:
    """The parent of each process, from fork and reparent records."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {INIT: IDLE}

    def follow(self, record: Record) -> None:
        if record.name == "fork":
            self.parent[record.child] = record.parent
        elif record.name == "reparent":
            self.parent[record.child] = record["to"]


def one_exit_then_one_reap(trace: Trace) -> Iterator[str]:
    """Every forked process exits once and is then reaped once, by its parent, with its code."""
    families = _Families()
    code: dict[int, int] = {}
    for record in trace.of("fork", "reparent", "exit", "reap"):
        families.follow(record)
        if record.name == "exit":
            if record.pid in code:
                yield f"{record}: pid {record.pid} had exited before"
            code[record.pid] = record.code
        elif record.name == "reap":
            child, parent = record.child, families.parent.pop(record.child, None)
            if child not in code:
                yield f"{record}: pid {child} had not exited, or was reaped before"
            elif code.pop(child) != record.code:
                yield f"{record}: not the code it exited with"
            elif parent != record.parent:
                yield f"{record}: its parent was pid {parent}"
    for pid in families.parent.keys() - {INIT}:
        yield f"pid {pid} was never reaped"


def orphans_go_to_init(trace: Trace) -> Iterator[str]:
    """A process changes its parent only when the old one has exited, and then init takes it. A thread, which no program
    waits for, is init's as soon as it is forked."""
    families = _Families()
    exited: set[int] = set()
    newborn = -1
    for record in trace.of("fork", "reparent", "exit"):
        if record.name == "exit":
            exited.add(record.pid)
        elif record.name == "fork":
            exited.discard(record.child)
        elif record["to"] != INIT:
            yield f"{record}: orphans go to pid {INIT}"
        elif record["from"] not in exited and record.child != newborn:
            yield f"{record}: pid {record['from']} had not exited"
        elif families.parent.get(record.child) != record["from"]:
            yield f"{record}: its parent was pid {families.parent.get(record.child)}"
        newborn = record.child if record.name == "fork" and record.flags & CLONE_VM else -1
        families.follow(record)


def killed_only_by_kill(trace: Trace) -> Iterator[str]:
    """An exit for the reason `kill` follows a kill of that process and carries its code."""
    killed: set[int] = set()
    for record in trace.of("fork", "kill", "exit"):
        if record.name == "fork":
            killed.discard(record.child)
        elif record.name == "kill":
            killed.add(record.pid)
        elif record.shown("reason") == "kill" and (record.pid not in killed or record.code != KILLED):
            yield f"{record}: " + ("no process killed it" if record.pid not in killed else f"the code is not {KILLED}")


def wake_between_sleep_and_run(trace: Trace) -> Iterator[str]:
    """Only a sleeper is woken, and a sleeper does not run before it is."""
    asleep: set[int] = set()
    for record in trace.of("sleep", "wake", "switch"):
        if record.name == "sleep":
            asleep.add(record.pid)
        elif record.name == "switch":
            if record["to"] in asleep:
                yield f"{record}: pid {record['to']} sleeps and was not woken"
        elif record.pid not in asleep:
            yield f"{record}: pid {record.pid} did not sleep"
        else:
            asleep.discard(record.pid)


def _copies_on_write(trace: Trace) -> bool:
    """Which copy_range the kernel was built with; the boot event says."""
    return all(boot.cow for boot in trace.of("boot"))


def copy_only_on_write_fault(trace: Trace) -> Iterator[str]:
    """After fork a page is copied only for a write fault on it, and only if it is shared."""
    on_fault = _copies_on_write(trace)
    copied: dict[int, Record] = {}
    for record in trace.of("page_copy", "fault"):
        pid = record.cpu_pid
        if record.name == "page_copy" and on_fault:
            if record.count < 2:
                yield f"{record}: no process shared the page"
            copied[pid] = record
        elif record.name == "page_copy":
            if record.count < 1 or record["from"] == record.to:
                yield f"{record}: the page was evicted while it was copied"
        elif record.name == "fault" and record.shown("outcome") == "copy":
            copy = copied.pop(pid, None)
            if copy is None or (copy.va ^ record.va) & PAGE_MASK:
                yield f"{record}: no copy of that page"
            elif not record.error & FAULT_WRITE:
                yield f"{record}: a read does not copy"
    for record in copied.values():
        yield f"{record}: outside a write fault"


def memory_is_duplicated_in_fork(trace: Trace) -> Iterator[str]:
    """Pages and page tables are shared (with cow), or pages copied at once (without), only by a process that forks."""
    sharing = ("share", "table_share")
    events = sharing if _copies_on_write(trace) else ("page_copy",)
    if events != sharing:
        yield from (f"{record}: this kernel does not share" for record in trace.of(*sharing))
    forking: set[int] = set()
    for record in trace.of("syscall_enter", "syscall_leave", *events):
        if record.name == "syscall_enter":
            (forking.add if record.shown("nr") in FORKS else forking.discard)(record.cpu_pid)
        elif record.name == "syscall_leave":
            forking.discard(record.cpu_pid)
        elif record.cpu_pid not in forking:
            yield f"{record}: pid {record.cpu_pid} is not in fork"


def only_shared_tables_are_copied(trace: Trace) -> Iterator[str]:
    """A page table is copied only after a fork has shared it, and the copy is not shared before the next fork."""
    shared: set[int] = set()
    for record in trace.of("table_share", "table_copy"):
        if record.name == "table_share":
            shared.add(record.table)
            continue
        if record["from"] not in shared:
            yield f"{record}: no fork has shared this page table"
        shared.discard(record["to"])


def frames_balance(trace: Trace) -> Iterator[str]:
    """At the end, frames allocated = frames freed + frames held, and held + free is what boot found."""
    frames = [boot.frames for boot in trace.of("boot")]
    for end in trace.of("end"):
        if end.allocated != end.freed + end.held:
            yield f"{end}: {end.allocated - end.freed - end.held:+d} frames unaccounted for"
        elif frames and end.held + end.free != frames[0]:
            yield f"{end}: held and free are not the {frames[0]} frames there were at boot"


def leave_matches_enter(trace: Trace) -> Iterator[str]:
    """A process leaves the system call it entered, and is in one at a time."""
    inside: dict[int, Record] = {}
    for record in trace.of("fork", "syscall_enter", "syscall_leave"):
        if record.name == "fork":  # the previous process with this pid may have died in a system call
            inside.pop(record.child, None)
            continue
        entered = inside.pop(record.cpu_pid, None)
        if record.name == "syscall_leave":
            if entered is None or entered.nr != record.nr:
                yield f"{record}: pid {record.cpu_pid} was in {entered or 'no system call'}"
            continue
        if entered is not None and entered.shown("nr") not in NO_RETURN:
            yield f"{record}: pid {record.cpu_pid} had not left {entered}"
        inside[record.cpu_pid] = record


ALL: tuple[Invariant, ...] = (
    stamps_never_go_back, boot_and_end_frame_the_trace, states_walk_the_table, cpu_belongs_to_the_running,
    fork_precedes_first_run, dead_do_nothing, one_exit_then_one_reap, orphans_go_to_init, killed_only_by_kill,
    wake_between_sleep_and_run, copy_only_on_write_fault, memory_is_duplicated_in_fork,
    only_shared_tables_are_copied, frames_balance, leave_matches_enter, lives_as_in_the_model,
)


def violations(trace: Trace) -> list[str]:
    """Every violation of every invariant, as `invariant: what happened`."""
    if trace.lost:
        return [f"the ring lost {trace.lost} records, so its history cannot be checked: "
                "boot with a larger trace_kib="]
    return [f"{invariant.__name__}: {what}" for invariant in ALL for what in invariant(trace)]


class Violation(NamedTuple):
    """What must be so in every trace, and the event at which it is not."""
    rule: str
    record: Record
    what: str


def first_violation(trace: Trace) -> Violation | None:
    """The violation whose event is the first; None if no event is at fault."""
    if trace.lost:
        return None
    by_text = {str(record): record for record in trace}
    found = []
    for invariant in ALL:
        for what in invariant(trace):
            text = re.match(r"\[t=\d+\].*? running=\d+(?=: )", what)
            if text and text[0] in by_text:
                found.append(Violation(" ".join((invariant.__doc__ or "").split()), by_text[text[0]], what[text.end() + 2:]))
    return min(found, key=lambda violation: violation.record.seq) if found else None
