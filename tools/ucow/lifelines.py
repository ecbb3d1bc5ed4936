# SPDX-License-Identifier: MIT
"""The states of a run's processes over time, as a drawing: a row for each process, arrows for what one did to another.

A turn of a process is as wide as what is written in it needs, however long it took.
"""

from collections.abc import Sequence

from .drawing import Arrow, Drawing, Slice, lives
from .history import History, Life, Stay
from .trace import Record, Trace

DEEDS, DEED, LEAST_TURN = ("fork", "kill", "exit", "reap"), 38, 12  # the widths of one and of a turn
STATES = {"RUNNING": "running", "RUNNABLE": "ready", "SLEEPING": "sleeping", "ZOMBIE": "zombie"}
WIDEST, AFTER, MOST = 700, 80, 12  # of a drawing that ends at an event: the width, how much follows the event, and the rows
HERE = "\N{BLACK DOWN-POINTING TRIANGLE}"

Bar = tuple[Life, list[Slice]]


def _turns(trace: Trace, first: Record) -> tuple[dict[int, int], dict[int, int]]:
    """Where each event from `first` on is, and where its turn ends. A turn is as wide as the deeds in it need."""
    at: dict[int, int] = {}
    ends: dict[int, int] = {}
    turn: list[int] = []
    x = 0
    for record in trace:
        if record.seq > first.seq and record.name == "state" and record.shown("to") == "RUNNING":
            x = max(x, at[turn[0]] + LEAST_TURN) if turn else x
            ends |= dict.fromkeys(turn, x)
            turn = []
        at[record.seq] = x
        turn.append(record.seq)
        x += DEED if record.seq >= first.seq and record.name in DEEDS else 0
    return at, ends | dict.fromkeys(turn, max(x, at[turn[0]] + LEAST_TURN))


def _bars(history: History, first: Record, at: dict[int, int], ends: dict[int, int]) -> list[Bar]:
    """The processes but idle, each with its states from `first` on."""
    def until(stay: Stay) -> int:
        return ends[stay.end.seq] if stay.state == "RUNNING" else at[stay.end.seq]

    made = []
    for life in history.in_family_order():
        stays = [stay for stay in life.stays if stay.end.seq > first.seq]
        if life.pid > 0 and stays:
            begins = [at[stays[0].start.seq], *map(until, stays)]
            made.append((life, [Slice(STATES[stay.state], begin, end, stay.why) for stay, begin, end in zip(stays, begins, begins[1:])
                                if end > begin]))
    return made


def _arrows(history: History, first: Record, at: dict[int, int], shown: Sequence[Life]) -> list[Arrow]:
    """What the shown processes did to each other."""
    rows = {id(life): n for n, life in enumerate(shown)}
    names = {life.pid: n for n, life in enumerate(shown)}
    made = []
    for actor, record in zip(history.actors, history.trace):
        if record.seq < first.seq or record.name not in DEEDS:
            continue
        other = names.get(record.child if record.name in ("fork", "reap") else record.pid)
        mine = rows.get(id(actor))
        if other is not None and (mine is not None or record.name == "reap"):
            source, target = (other, mine if mine is not None else other) if record.name == "reap" else (mine or 0, other)
            made.append(Arrow(record.name, source, target, at[record.seq] + 6))
    return made


def lifelines(trace: Trace, first: Record) -> Drawing:
    """All processes of a run from an event on."""
    history = History(trace)
    at, ends = _turns(trace, first)
    bars = _bars(history, first, at, ends)
    return lives([(life.title, slices) for life, slices in bars], _arrows(history, first, at, [life for life, _ in bars]))


def lifelines_until(trace: Trace, first: Record, event: Record) -> Drawing:
    """What led to an event, and a little of what follows, of the processes that had a part in it last."""
    history = History(trace)
    at, ends = _turns(trace, first)
    right = at[event.seq] + AFTER
    left = max(0, right - WIDEST)
    cut = [(life, [Slice(one.state, max(one.start, left) - left, min(one.end, right) - left, one.word) for one in slices
                   if one.end > left and one.start < right]) for life, slices in _bars(history, first, at, ends)]
    latest = sorted((bar for bar in cut if bar[1]), key=lambda bar: bar[1][-1].end)[-MOST:]
    bars = [bar for bar in cut if bar in latest]
    shown = [life for life, _ in bars]
    arrows = [Arrow(one.word, one.source, one.target, one.at - left) for one in _arrows(history, first, at, shown) if left <= one.at < right]
    actor = next((n for n, life in enumerate(shown) if life is history.actors[trace.records.index(event)]), 0)
    return lives([(life.title, slices) for life, slices in bars], [*arrows, Arrow(HERE, actor, actor, at[event.seq] - left - 8)])

