# SPDX-License-Identifier: MIT
"""The life of a process, as the model in test/model has it.

test/model/life.def is an automaton that SPIN has compared with the model: it allows what the model
can do and nothing else. Here it reads traces: each process's records become events of its life.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .trace import Record, Trace

LIFE = Path(__file__).resolve().parents[2] / "test/model/life.def"
STATE = re.compile(r"^LIFE_STATE\((\w+), (settled|passing)\)$", re.MULTILINE)
ARROW = re.compile(r"^LIFE_ARROW\((\w+), (\w+), (\w+)\)$", re.MULTILINE)

IDLE, INIT = 0, 1
RECORDS = ("fork", "state", "switch", "sleep", "wake", "kill", "exit", "reparent", "reap", "syscall_enter", "syscall_leave")

# What a change of state is called in life.def.
CHANGES = {
    ("UNINIT", "RUNNABLE"): "start", ("RUNNABLE", "RUNNING"): "pick", ("RUNNING", "RUNNABLE"): "yield",
    ("RUNNING", "SLEEPING"): "block", ("SLEEPING", "RUNNABLE"): "unblock", ("RUNNING", "ZOMBIE"): "die",
    ("ZOMBIE", "GONE"): "remove",
}
# What a process sleeps for is told by the system call it is in; a sleep in any other is for a lock.
SLEEPS = {"wait": "sleep_wait", "waitany": "sleep_wait", "sleep": "sleep_event", "read": "sleep_event",
          "linux_wait4": "sleep_wait", "linux_waitpid": "sleep_wait", "linux_read": "sleep_event",
          "linux_nanosleep": "sleep_event", "linux_clock_nanosleep": "sleep_event",
          "linux_clock_nanosleep_time64": "sleep_event",
          "linux_futex": "sleep_event", "linux_futex_time64": "sleep_event"}
ANY_CHILD = 0


@cache
def automaton() -> tuple[dict[tuple[str, str], str], frozenset[str]]:
    """The arrows, and the states in which no process may be when the CPU changes hands."""
    text = LIFE.read_text(encoding="utf-8")
    arrows = {(start, event): end for start, event, end in ARROW.findall(text)}
    return arrows, frozenset(name for name, kind in STATE.findall(text) if kind == "passing")


class Lives:
    """Takes every process through the automaton; `wrong` has a sentence for what it refused last."""

    def __init__(self) -> None:
        self.arrows, self.passing = automaton()
        self.at: dict[int, str] = {INIT: "unused"}
        self.half_way: set[int] = set()
        self.parent: dict[int, int] = {}
        self.zombies: dict[int, set[int]] = {}  # of each parent
        self.call: dict[int, tuple[str, int]] = {INIT: ("wait", ANY_CHILD)}  # init does nothing else
        self.wrong = ""

    def step(self, pid: int, event: str) -> None:
        """`event` happens to `pid`. A process that was refused once is not followed any further."""
        start = self.at.get(pid, "unused")
        end = self.arrows.get((start, event))
        if start == "lost":
            return
        if end is None:
            self.wrong = f"pid {pid} is {start}, where the model has no {event}"
            end = "lost"
        self.at[pid] = end
        (self.half_way.add if end in self.passing else self.half_way.discard)(pid)

    def adopt_zombie(self, parent: int, child: int) -> None:
        self.zombies.setdefault(parent, set()).add(child)
        self.step(parent, "zombie_child")

    def fork(self, record: Record) -> None:
        parent, child = record.raw[:2]
        self.parent[child] = parent
        if self.at.get(child) == "lost":
            self.at[child] = "unused"
        self.step(child, "fork")

    def state(self, record: Record) -> None:
        pid = record.raw[0]
        if pid == IDLE:
            return
        change = CHANGES.get((record.shown("from"), record.shown("to")), "jump")
        self.step(pid, change)
        if change == "die" and pid in self.parent:
            self.adopt_zombie(self.parent[pid], pid)

    def switch(self, record: Record) -> None:
        if record.raw[1] != IDLE:
            self.step(record.raw[1], "run")
        if self.half_way:
            pid = min(self.half_way)
            self.wrong = self.wrong or f"pid {pid} is {self.at[pid]}: something is to happen before the CPU changes hands"
            self.at.update(dict.fromkeys(self.half_way, "lost"))
            self.half_way.clear()

    def sleep(self, record: Record) -> None:
        pid = record.raw[0]
        call, child = self.call.get(pid, ("", 0))
        kind = SLEEPS.get(call, "sleep_lock")
        zombies = self.zombies.get(pid)
        if kind == "sleep_wait" and zombies and (child == ANY_CHILD or child in zombies):
            kind = "sleep_with_zombie"
        self.step(pid, kind)

    def wake(self, record: Record) -> None:
        self.step(record.raw[0], "wake")

    def kill(self, record: Record) -> None:
        self.step(record.raw[1], "kill")

    def exit(self, record: Record) -> None:
        self.step(record.raw[0], "exit")

    def reparent(self, record: Record) -> None:
        child, old, new = record.raw[:3]
        self.parent[child] = new
        self.step(child, "adopt")
        if child in self.zombies.get(old, ()):
            self.zombies[old].discard(child)
            self.adopt_zombie(new, child)

    def reap(self, record: Record) -> None:
        parent, child = record.raw[:2]
        self.zombies.get(parent, set()).discard(child)
        self.parent.pop(child, None)
        self.call.pop(child, None)
        self.step(child, "reap")

    def syscall_enter(self, record: Record) -> None:
        call = record.shown("nr")
        child = record.raw[1] if SLEEPS.get(call) == "sleep_wait" and call != "waitany" else ANY_CHILD
        self.call[record.cpu_pid] = call, child if child < 1 << 31 else ANY_CHILD
        self.step(record.cpu_pid, "enter")

    def syscall_leave(self, record: Record) -> None:
        self.call.pop(record.cpu_pid, None)


def lives_as_in_the_model(trace: Trace) -> Iterator[str]:
    """Every process lives a life that the model of the protocol knows."""
    lives = Lives()
    follow = {name: getattr(lives, name) for name in RECORDS}
    for record in trace.of(*RECORDS):
        follow[record.event.name](record)
        if lives.wrong:
            yield f"{record}: {lives.wrong}"
            lives.wrong = ""
