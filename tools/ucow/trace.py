# SPDX-License-Identifier: MIT
"""The trace: the kernel's ring of events, decoded.

The ring lies in guest memory at the symbol `trace_ring`; what its records mean is text at the
symbol `trace_format`, generated from include/ucow/trace.def and enums.def when the kernel was built. Nothing
about single events is known here, so an old kernel's trace is read as that kernel wrote it.

A pattern is an event as it is printed, with as many fields as matter: `exit pid=3 code=-66436`. `running=3` is the
process that ran. `t` counts the time stamp counter since boot.
"""

import codecs
import gc
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from . import LabError
from .memory import Memory, open_memory
from .symbols import Symbols, physical

MAGIC = 0x43525455  # "UTRC"
VERSION = 2
DRAFT = 2
HEADER = struct.Struct("<6IQ2IQ")
HEAD_WORDS, RECORD_WORDS = 4, 5  # before those of the fields, and of them
AT_ONCE = 3  # records at most are written before they are published: kernel/proc/proc_trace.h
LINUX_TRACED = 0x10000  # include/ucow/linux.h
FOLLOW_SECONDS, FOLLOW_PAUSE = 10.0, 0.05  # of patience; between two looks at the ring
RECORD = struct.Struct(f"<QBBH{RECORD_WORDS}I")

# Printed last in each event, and allowed in patterns: the process that ran.
RUNNING = "running"

# A field without a suffix and with one of these names holds a pid.
PID_FIELDS = {"pid", "parent", "child", "by", "from", "to"}


class Field:
    """One field of an event: its name, and how its 32 bits are printed and read.

    A field with the suffix `text` has the rest of the record: its characters, the first in the lowest bits.
    """

    def __init__(self, text: str, enums: dict[str, dict[int, str]]) -> None:
        self.name, _, self.style = text.partition(":")
        self.names = enums.get(self.style, {})
        self.is_pid = not self.style and self.name in PID_FIELDS
        self.text_bytes = 0
        self._numbers = {name: number for number, name in self.names.items()}

    def number(self, raw: int) -> int:
        """The value as Python has it: signed only when the field is."""
        return raw - (1 << 32) if self.style == "d" and raw >> 31 else raw

    def show(self, raw: int) -> str:
        if self.style == "x":
            return f"{raw:#x}"
        if self.style == "text":
            text = raw.to_bytes(self.text_bytes, "little").split(b"\0")[0]
            is_cut = len(text) == self.text_bytes   # perhaps in the middle of a character, which is left out then
            return codecs.getincrementaldecoder("utf-8")("replace").decode(text, final=not is_cut)
        return self.names.get(raw) or str(self.number(raw))

    def raw(self, value: int | str) -> int:
        """The 32 bits of a value given as a number, as digits or as one of the names."""
        if isinstance(value, str) and value in self._numbers:
            return self._numbers[value]
        if isinstance(value, str) and self.style == "text":
            return int.from_bytes(value.encode()[:self.text_bytes], "little")
        try:
            return (int(value, 0) if isinstance(value, str) else value) & 0xFFFFFFFF
        except ValueError:
            known = " ".join(self._numbers) or "a number"
            raise LabError(f"{self.name}={value}: the field is {known}") from None


PID = Field("pid", {})


class Event:
    """One kind of event: its name and its fields in order."""

    def __init__(self, name: str, fields: list[Field]) -> None:
        self.name = name
        self.fields = fields
        self.place = {field.name: i for i, field in enumerate(fields)}
        self.free_place = self.place.get("free")
        self.ends_with_text = bool(fields) and fields[-1].style == "text"
        self.has_room = len(fields) < RECORD_WORDS and not self.ends_with_text
        if self.ends_with_text:
            fields[-1].text_bytes = (RECORD_WORDS - len(fields) + 1) * 4
        self.record = record_class(self)

    def values(self, words: Sequence[int]) -> tuple[int, ...]:
        """The values of the fields in a record's words."""
        count = len(self.fields)
        if self.ends_with_text:
            text = b"".join(word.to_bytes(4, "little") for word in words[count - 1:])
            return (*words[:count - 1], int.from_bytes(text, "little"))
        return tuple(words[:count])

    def field_place(self, name: str) -> int:
        """Where field `name` is; `from_` stands for `from`, which Python keeps for itself."""
        if name in self.place:
            return self.place[name]
        try:
            return self.place[name.removesuffix("_")]
        except KeyError:
            raise LabError(f"event {self.name} has no field {name}: it has {' '.join(self.place)}") from None


class Record:
    """One event that happened: `.stamp`, `.cpu`, `.cpu_pid` (the running process) and its fields. `.free_frames` is the number of
    the machine's free frames at that time, or None if the event has no room for it."""

    __slots__ = ("seq", "stamp", "cpu", "cpu_pid", "event", "name", "raw", "free_frames")

    def __init__(self, seq: int, stamp: int, event: Event, cpu: int, cpu_pid: int, raw: tuple[int, ...], free: int | None = None) -> None:
        self.seq, self.stamp, self.event, self.cpu, self.cpu_pid, self.raw = seq, stamp, event, cpu, cpu_pid, raw
        self.name = event.name
        self.free_frames = free if event.free_place is None else raw[event.free_place]

    def __getitem__(self, field: str) -> int:
        place = self.event.field_place(field)
        return self.event.fields[place].number(self.raw[place])

    def __getattr__(self, field: str) -> int:
        try:
            return self[field]
        except LabError as error:
            raise AttributeError(str(error)) from None

    def shown(self, field: str) -> str:
        """The field as it is printed: an enumeration by its name."""
        place = self.event.field_place(field)
        kind, raw = self.event.fields[place], self.raw[place]
        return kind.names.get(raw) or kind.show(raw)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes the event is about, in the order of its fields."""
        return tuple(raw for field, raw in zip(self.event.fields, self.raw) if field.is_pid)

    def row(self) -> dict[str, int | str]:
        """The event as a row of a table: its number, time, name, the process that ran, and its fields; an enumeration
        by its name."""
        row: dict[str, int | str] = {"seq": self.seq, "t": self.stamp, "event": self.name, RUNNING: self.cpu_pid}
        for field, raw in zip(self.event.fields, self.raw):
            row[field.name] = field.show(raw) if field.names or field.style == "text" else field.number(raw)
        return row

    def __str__(self) -> str:
        fields = (f" {field.name}={field.show(raw)}" for field, raw in zip(self.event.fields, self.raw))
        return f"[t={self.stamp}] {self.event.name}{''.join(fields)} {RUNNING}={self.cpu_pid}"


def record_class(event: Event) -> type[Record]:
    """The records of one kind of event: what __getattr__() finds, found by Python itself, in a third of the time."""
    def reader(place: int, number: Callable[[int], int]) -> property:
        return property(lambda record: number(record.raw[place]))

    def plain(place: int) -> property:
        return property(lambda record: record.raw[place])

    fields: dict[str, Any] = {field.name: plain(place) if field.style != "d" else reader(place, field.number)
                              for place, field in enumerate(event.fields) if not hasattr(Record, field.name)}
    return type("Record", (Record,), {"__slots__": (), **fields})


class Pattern:
    """An event with some of its fields, and the process that ran, or None for any."""

    def __init__(self, event: Event, values: dict[int, int], running: int | None = None) -> None:
        self.event = event
        self.values = values
        self.running = running

    def matches(self, record: Record) -> bool:
        return (record.event is self.event and self.running in (None, record.cpu_pid)
                and all(record.raw[i] == raw for i, raw in self.values.items()))


class Format:
    """What the events, enumerations and system calls of one kernel are called."""

    def __init__(self, text: str) -> None:
        self.events: dict[int, Event] = {}
        self.by_name: dict[str, Event] = {}
        self.enums: dict[str, dict[int, str]] = {"syscall": {}}
        self.has_free = False  # whether records that have room say how many frames are free
        words_of_events: list[tuple[int, str, list[str]]] = []
        for words in map(str.split, text.splitlines()):
            match words:
                case ["enum", name, *names]:
                    self.enums[name] = dict(enumerate(names))
                case ["syscall", number, name]:
                    self.enums["syscall"][int(number)] = name
                case ["linux", number, name]:
                    self.enums["syscall"][LINUX_TRACED + int(number)] = f"linux_{name}"
                case ["spare", "free"]:
                    self.has_free = True
                case ["event", number, name, *names]:
                    words_of_events.append((int(number), name, names))
                case _:
                    raise LabError(f"trace_format has a line these tools do not know: {' '.join(words)!r}")
        for place, name, fields in words_of_events:
            event = Event(name, [Field(field, self.enums) for field in fields])
            self.events[place] = self.by_name[name] = event

    def pattern(self, text: str, **fields: int | str) -> Pattern:
        """The pattern `text`, for example `fork parent=2`; more fields may follow as arguments."""
        name, *pairs = text.split() or [""]
        if not name:
            raise LabError("a pattern is empty: name an event, as in 'exit pid=3'")
        if name not in self.by_name:
            raise LabError(f"no event is called {name}: there are {' '.join(self.by_name)}")
        event = self.by_name[name]
        values: dict[int, int] = {}
        given: list[tuple[str, int | str]] = [(pair.partition("=")[0], pair.partition("=")[2]) for pair in pairs]
        running: int | None = None
        for field, value in [*given, *fields.items()]:
            if field == RUNNING:
                running = PID.raw(value)
                continue
            place = event.field_place(field)
            values[place] = event.fields[place].raw(value)
        return Pattern(event, values, running)

    def record(self, text: str, seq: int, stamp: int, cpu_pid: int) -> Record:
        """The record that prints as `text`: every field must be there."""
        pattern = self.pattern(text)
        missing = [field.name for i, field in enumerate(pattern.event.fields) if i not in pattern.values]
        if missing:
            raise LabError(f"{text!r} lacks {' '.join(missing)}")
        raw = tuple(pattern.values[i] for i in range(len(pattern.event.fields)))
        return pattern.event.record(seq, stamp, pattern.event, 0, cpu_pid, raw)


class Deviation(AssertionError):
    """A trace is not as expected, from the event with number `seq` on: reports show the events around it."""

    def __init__(self, message: str, seq: int, trace: "Trace | None" = None) -> None:
        super().__init__(message)
        self.seq = seq
        self.trace = trace


class Trace:
    """Events in the order they happened, oldest first, and how many older ones the ring lost."""

    def __init__(self, fmt: Format, records: Iterable[Record], lost: int = 0, tsc_per_tick: int = 0) -> None:
        self.format = fmt
        self.records = list(records)
        self.lost = lost
        self.tsc_per_tick = tsc_per_tick
        self.asked: tuple[str, list[Record]] = ("", [])  # the last question of a test, and its answer

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def _by_event(self) -> dict[Event, list[Record]]:
        found: dict[Event, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.event, []).append(record)
        return found

    def rows(self) -> Iterator[dict[str, int | str]]:
        """The events as rows: for pandas, or to be written as JSON or CSV."""
        return (record.row() for record in self.records)

    def all(self, text: str, **fields: int | str) -> list[Record]:
        """Every event that matches, in order."""
        pattern = self.format.pattern(text, **fields)
        self.asked = with_fields(text, fields), [record for record in self._by_event.get(pattern.event, ())
                                                  if pattern.matches(record)]
        return self.asked[1]

    def one(self, text: str, **fields: int | str) -> Record:
        """The only event that matches; it is a failure if there are more or none."""
        __tracebackhide__ = True
        found = self.all(text, **fields)
        if len(found) != 1:
            near = found or self.all(text.split()[0])
            raise Deviation(f"expected exactly one event {with_fields(text, fields)!r}, seen {len(found)}; "
                            f"events of that kind:\n{listing(near)}", (found[1:] or near)[0].seq if near else 0, self)
        return found[0]

    def of(self, *names: str) -> list[Record]:
        """Every event of these kinds, in order; a name the kernel does not know is an error."""
        kinds = {self.format.pattern(name).event.name for name in names}
        self.asked = " or ".join(names), [record for record in self.records if record.event.name in kinds]
        return self.asked[1]

    def in_order(self, *texts: str, after: Record | None = None) -> list[Record]:
        """The first events that match one after the other, with anything in between."""
        __tracebackhide__ = True
        found: list[Record] = []
        rest = iter([r for r in self.records if after is None or r.seq > after.seq])
        for text in texts:
            pattern = self.format.pattern(text)
            record = next((record for record in rest if pattern.matches(record)), None)
            if record is None:
                raise Deviation(self._explain_order(texts, found), found[-1].seq if found else 0, self)
            found.append(record)
        return found

    def _explain_order(self, texts: tuple[str, ...], found: list[Record]) -> str:
        missing = texts[len(found)]
        rows = [f"  {text:<50} {record}" for text, record in zip(texts, found)]
        rows += [f"  {missing:<50} NOT SEEN after the line above" if found else f"  {missing:<50} NOT SEEN"]
        rows += [f"  {text:<50} (not looked for)" for text in texts[len(found) + 1:]]
        same = listing(self.all(missing.split()[0]))
        return "\n".join(["expected events in this order" + " " * 23 + "seen", *rows,
                          f"all events of the kind {missing.split()[0]}:", same])

    def around(self, seq: int, before: int = 12, after: int = 12) -> list[Record]:
        """The events around the one with number `seq`."""
        return [record for record in self.records if seq - before <= record.seq <= seq + after]

    def last(self, count: int) -> list[Record]:
        """The last `count` events."""
        return self.records[-count:]

    def select(self, patterns: Sequence[str], pid: int | None, last: int | None) -> list[Record]:
        """The events that match any pattern, if there is one, and concern `pid`; of these the last ones."""
        wanted = [self.format.pattern(text) for text in patterns]
        known = {seen for record in self.records for seen in (record.cpu_pid, *record.pids)}
        if pid is not None and pid not in known:
            raise LabError(f"no event is of process {pid}: there are {' '.join(map(str, sorted(known)))}")
        records = [record for record in self.records
                   if (not wanted or any(pattern.matches(record) for pattern in wanted))
                   and (pid is None or pid == record.cpu_pid or pid in record.pids)]
        return records if last is None else records[-last:]


def with_fields(text: str, fields: dict[str, int | str]) -> str:
    """A pattern as one text."""
    return " ".join([text, *(f"{name}={value}" for name, value in fields.items())])


def listing(records: list[Record], most: int = 20) -> str:
    """Records one a line, the last `most` of them."""
    if not records:
        return "  (none)"
    left_out = [f"  ... {len(records) - most} earlier ones"] if len(records) > most else []
    return "\n".join(left_out + [f"  {record}" for record in records[-most:]])


def need_trace(symbols: Symbols) -> None:
    """Raise LabError if a kernel has no code that records events: the ring and the format are in every kernel."""
    if "trace_built_in" in symbols and symbols.data("trace_built_in", 1) == b"\0":
        raise LabError("this kernel is built with -Dtrace=false")


class RingHeader:
    """struct trace_ring, as the kernel keeps it."""

    def __init__(self, data: bytes) -> None:
        (self.magic, self.version, self.record_bytes, self.capacity, self.buffer, self.on,
         self.next, self.tsc_per_tick, self.ticks, self.boot_tsc) = HEADER.unpack(data)

    def check(self) -> None:
        """Raise LabError unless this is a ring these tools can read."""
        if self.magic != MAGIC:
            raise LabError(f"no trace ring here (magic {self.magic:#x}): not a ucow machine, not the same kernel "
                           "(see --elf), or it has not booted far enough")
        if (self.version, self.record_bytes) != (VERSION, RECORD.size):
            raise LabError(f"the ring has version {self.version} and records of {self.record_bytes} bytes; "
                           f"these tools read version {VERSION} with {RECORD.size}: use those of the same checkout")
        if self.next == 0 and not self.on:
            raise LabError("the trace is off and empty: boot without trace=off")


class Ring(NamedTuple):
    """What a machine's ring has, oldest first, and the text that says what it means."""
    format: str
    first: int         # number of the oldest record: as many were lost
    records: bytes
    tsc_per_tick: int
    boot_tsc: int      # stamps count from here
    draft: bool = False  # the kernel may take the newest records back


def _copy_records(memory: Memory, header: RingHeader, first: int) -> bytes:
    """The records from number `first` on; the ring wraps at its capacity."""
    parts = []
    while first < header.next:
        place = first % header.capacity
        count = min(header.next - first, header.capacity - place)
        parts.append(memory.read(header.buffer + place * RECORD.size, count * RECORD.size))
        first += count
    return b"".join(parts)


def read_ring(memory: Memory, symbols: Symbols, since: int = 0) -> Ring:
    """The records in `memory` from number `since` on, of the kernel whose symbols these are.

    The machine may be running: what it overwrote while the ring was copied counts as lost.
    """
    symbols.require_same(memory)
    need_trace(symbols)
    address = physical(symbols.address("trace_ring"))
    header = RingHeader(memory.read(address, HEADER.size))
    header.check()
    first = copied = max(since, header.next - header.capacity)
    ring = _copy_records(memory, header, first)
    overwritten = RingHeader(memory.read(address, HEADER.size)).next - header.capacity
    if overwritten > first:
        first = min(overwritten + AT_ONCE, header.next)
    return Ring(symbols.text("trace_format"), first, ring[(first - copied) * RECORD.size:], header.tsc_per_tick,
                header.boot_tsc, header.on == DRAFT)


def decode(ring: Ring) -> Trace:
    """The trace in a ring."""
    with no_collection():
        return _decode(ring)


@contextmanager
def no_collection() -> Iterator[None]:
    """Records are many and in no circle: to look for circles among them would take as long as to make them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _decode(ring: Ring) -> Trace:
    fmt = Format(ring.format)
    events, has_free, records = fmt.events, fmt.has_free, []
    for seq, words in enumerate(RECORD.iter_unpack(ring.records), ring.first):
        stamp, number, cpu, pid = words[:HEAD_WORDS]
        if number not in events:
            raise LabError(f"record {seq} has the unknown event {number}: not the same kernel (see --elf)")
        event = events[number]
        records.append(event.record(seq, stamp - ring.boot_tsc, event, cpu, pid, event.values(words[HEAD_WORDS:]),
                                    words[-1] if has_free and event.has_room else None))
    return Trace(fmt, records, lost=ring.first, tsc_per_tick=ring.tsc_per_tick)


def read_trace(memory: Memory, symbols: Symbols) -> Trace:
    """The trace in `memory`, as read_ring() reads it."""
    return decode(read_ring(memory, symbols))


def follow_trace(memory: Memory, symbols: Symbols, ended: Callable[[], bool] = lambda: False,
                 patience: float = FOLLOW_SECONDS) -> Iterator[Trace]:
    """The new events of a machine that runs, again and again, until the kernel records its end or `ended()` is true.

    `lost` of each Trace is the number of events before it that the ring has lost since the Trace before. Raises LabError
    if there is no trace within `patience` seconds, or no longer one.
    """
    seen, deadline, last = 0, time.monotonic() + patience, False
    while not last:
        last = ended()  # asked first: what was recorded before the end is read below
        try:
            ring = read_ring(memory, symbols, seen)
            trace = decode(ring)
        except LabError:
            if last or seen or time.monotonic() > deadline:
                raise
        else:
            if last or not ring.draft:
                trace.lost -= seen
                seen = trace.records[-1].seq + 1 if trace.records else seen
                last = last or any(record.name == "end" for record in trace)
                yield trace
        if not last:
            time.sleep(FOLLOW_PAUSE)


def load_ring(source: str, elf: Path) -> Ring:
    """The ring in `source`, as open_memory() takes it, of the kernel `elf`."""
    memory = open_memory(source)
    try:
        return read_ring(memory, Symbols(elf))
    finally:
        memory.close()


def load_trace(source: str, elf: Path) -> Trace:
    """The trace in `source`, of the kernel `elf`."""
    return decode(load_ring(source, elf))
