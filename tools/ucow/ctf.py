# SPDX-License-Identifier: MIT
"""A trace in the Common Trace Format 1.8, which babeltrace2 and Trace Compass read.

A folder has `metadata`, which says in TSDL what the kernel's own description of its events says, and `events`, one packet with all
records. Names of fields begin with an underscore, which readers remove: some are words of TSDL.

The format: "Common Trace Format", version 1.8.3.
"""

import struct
from pathlib import Path

from . import LabError
from .trace import Event, Field, Record, Trace

MAGIC = 0xC1FC1FC1
TICKS_PER_SECOND = 100
PACKET = struct.Struct("<II5Q")   # magic, stream, first and last time, sizes in bits of content and packet, lost events
HEADER = struct.Struct("<BQH")    # event, time, process that ran
HEAD = """/* CTF 1.8 */
typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;
typealias integer {{ size = 16; align = 8; signed = false; }} := uint16_t;
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 32; align = 8; signed = false; base = 16; }} := hex_t;
typealias integer {{ size = 32; align = 8; signed = true; }} := int32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
trace {{
    major = 1; minor = 8; byte_order = le;
    packet.header := struct {{ uint32_t magic; uint32_t stream_id; }};
}};
env {{ domain = "ucow"; }};
clock {{ name = guest; description = "since the boot"; freq = {hertz}; }};
typealias integer {{ size = 64; align = 8; signed = false; map = clock.guest.value; }} := stamp_t;
stream {{
    id = 0;
    packet.context := struct {{
        stamp_t timestamp_begin; stamp_t timestamp_end; uint64_t content_size; uint64_t packet_size; uint64_t events_discarded;
    }};
    event.header := struct {{ uint8_t id; stamp_t timestamp; }};
    event.context := struct {{ uint16_t _running; }};
}};
"""
TYPES = {"": "uint32_t", "d": "int32_t", "x": "hex_t", "text": "string"}


def _field(field: Field) -> str:
    """A field's declaration."""
    kind = TYPES.get(field.style) or f"enum : uint32_t {{ {', '.join(f'{chr(34)}{name}{chr(34)} = {number}' for number, name in field.names.items())} }}"
    return f"{kind} _{field.name};"


def metadata(trace: Trace) -> str:
    """What the events mean, in TSDL."""
    events = [f'event {{ id = {number}; name = "{event.name}"; stream_id = 0; fields := struct {{ {" ".join(map(_field, event.fields))} }}; }};'
              for number, event in trace.format.events.items()]
    return HEAD.format(hertz=trace.tsc_per_tick * TICKS_PER_SECOND or 10**9) + "\n".join(events) + "\n"


def _payload(event: Event, record: Record) -> bytes:
    return b"".join(field.show(raw).encode() + b"\0" if field.style == "text" else raw.to_bytes(4, "little")
                    for field, raw in zip(event.fields, record.raw))


def packet(trace: Trace) -> bytes:
    """The records as one packet."""
    numbers = {event.name: number for number, event in trace.format.events.items()}
    content = b"".join(HEADER.pack(numbers[record.name], record.stamp, record.cpu_pid) + _payload(record.event, record) for record in trace)
    bits = 8 * (PACKET.size + len(content))
    return PACKET.pack(MAGIC, 0, trace.records[0].stamp, trace.records[-1].stamp, bits, bits, trace.lost) + content


def write_ctf(trace: Trace, folder: Path) -> None:
    """Write the folder, which must not exist or be an earlier one."""
    if not trace.records:
        raise LabError("the trace has no events: there is nothing to write")
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - {"metadata", "events"}):
        raise LabError(f"{folder} exists and has other files: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata").write_text(metadata(trace), encoding="utf-8")
    (folder / "events").write_bytes(packet(trace))
