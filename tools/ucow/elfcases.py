# SPDX-License-Identifier: MIT
"""ELF files for the loader, structured: each field at its edges, segments over each other, cut off at every byte.

The base is a small good program. A case is a file and what should become of it, which `faults` says from the
rules for programs alone, not from the kernel's code: this tool found D39 to D43.
"""

import itertools
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

HEADER = struct.Struct("<IBBBB8sHHIIIIIHHHHHH")
HEADER_FIELDS = ("magic bits order ident_version abi pad type machine version entry phoff shoff flags ehsize phentsize "
                 "phnum shentsize shnum shstrndx").split()
SEGMENT = struct.Struct("<8I")
SEGMENT_FIELDS = "type offset va pa filesz memsz flags align".split()
MAGIC, LOAD, INTERP, X = 0x464C457F, 1, 3, 1
USERBASE, USERTOP, KERNBASE = 0x200000, 0xB0000000, 0xC0000000
PROGRAM_TOP = USERTOP - 257 * 4096  # the stack, and the page that stays empty below it
MAX_SEGMENTS = 16

EXIT_77 = bytes.fromhex("ba4d000000 b801000000 cd80")
GOOD, KILLED, INVALID = 77, -9, -8
TEXT, DATA, BSS = 0x800000, 0x802100, 0x804000
PER_BOOT = 120  # the boot archive takes 128


@dataclass(frozen=True)
class Case:
    """A file, and how it came to be."""
    name: str
    data: bytes

    @property
    def refused(self) -> bool:
        return bool(faults(self.data))

    def allows(self, code: int) -> bool:
        """Whether a process that executed the file may have ended with `code`."""
        if self.refused:
            return code == INVALID
        return code == GOOD if entry_bytes(self.data) == EXIT_77 else code not in (INVALID, HARMED)


HARMED = 0x4A  # user/fuzz/elfcases.c: the caller was not as it had been


def base() -> bytes:
    """Text, data followed by .bss in a page of its own, .bss alone; 512 bytes in all."""
    segments = [(LOAD, 0x100, TEXT + 0x100, 0, 0x40, 0x40, 5, 0x100), (LOAD, 0x180, DATA + 0x80, 0, 0x60, 0x1000, 6, 1),
                (LOAD, 0, BSS, 0, 0, 0x1800, 6, 0)]
    header = HEADER.pack(MAGIC, 1, 1, 1, 0, bytes(8), 2, 3, 1, TEXT + 0x110, HEADER.size, 0, 0, HEADER.size, SEGMENT.size,
                         len(segments), 40, 0, 0)
    table = b"".join(SEGMENT.pack(*segment) for segment in segments)
    text = bytes(0x10) + EXIT_77
    return (header + table).ljust(0x100, b"\0") + text.ljust(0x80, b"\x90") + b"data" * 0x18 + bytes(0x20)


def fields(data: bytes) -> dict[str, int]:
    """The header of a file that has a whole one."""
    return dict(zip(HEADER_FIELDS, HEADER.unpack_from(data)))


def loads(data: bytes) -> list[dict[str, int]]:
    """The program headers of a file whose header is good."""
    header = fields(data)
    return [dict(zip(SEGMENT_FIELDS, SEGMENT.unpack_from(data, header["phoff"] + i * SEGMENT.size)))
            for i in range(header["phnum"])]


def header_faults(data: bytes) -> set[str]:
    header = fields(data)
    expected = {"magic": MAGIC, "bits": 1, "order": 1, "ident_version": 1, "version": 1, "type": 2, "machine": 3,
                "phentsize": SEGMENT.size}
    faults = {name for name, value in expected.items() if header[name] != value}
    return (faults | ({"ehsize"} if header["ehsize"] < HEADER.size else set())
            | ({"phoff"} if header["phoff"] + header["phnum"] * SEGMENT.size > len(data) else set()))


def segment_faults(segment: dict[str, int], size: int) -> set[str]:
    align, end = segment["align"], segment["offset"] + segment["filesz"]
    found = {
        "in the file": end > size and end < 1 << 32,
        "in the file, wrapping": end >= 1 << 32,
        "filesz": segment["filesz"] > segment["memsz"],
        "bottom": segment["va"] < USERBASE,
        "top": PROGRAM_TOP < segment["va"] + segment["memsz"] < 1 << 32,
        "top, wrapping": segment["va"] + segment["memsz"] >= 1 << 32,
        "align": align > 1 and align & (align - 1) != 0,
        "congruent": align > 1 and (segment["va"] - segment["offset"]) % align != 0,
    }
    return {name for name, wrong in found.items() if wrong}


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    first, second = sorted((one, other), key=lambda segment: segment["va"])
    return first["va"] + first["memsz"] > second["va"]


@cache
def faults(data: bytes) -> frozenset[str]:
    """Why the file is no program that can be run (System V ABI, chapters 4 and 5; the layout of user space)."""
    if len(data) < HEADER.size:
        return frozenset({"cut"})
    if found := header_faults(data):
        return frozenset(found)
    if any(segment["type"] == INTERP for segment in loads(data)):
        return frozenset({"interpreter"})
    segments = [segment for segment in loads(data) if segment["type"] == LOAD and (segment["memsz"] or segment["filesz"])]
    found = {"segments"} if len(segments) > MAX_SEGMENTS else set()
    found = found.union(*(segment_faults(segment, len(data)) for segment in segments))
    if any(overlap(*pair) for pair in itertools.combinations(segments, 2)):
        found.add("overlap")
    entry = fields(data)["entry"]
    if not any(segment["flags"] & X and segment["va"] <= entry < segment["va"] + segment["memsz"] for segment in segments):
        found.add("entry")
    return frozenset(found)


def entry_bytes(data: bytes) -> bytes:
    """What a program that is not refused executes first."""
    entry = fields(data)["entry"]
    for segment in loads(data):
        if segment["type"] == LOAD and segment["va"] <= entry < segment["va"] + segment["filesz"]:
            at = segment["offset"] + entry - segment["va"]
            return data[at:min(at + len(EXIT_77), segment["offset"] + segment["filesz"])]
    return b""


def edges(value: int, size: int) -> list[int]:
    """What a field of 32 bits is set to, whose good value is `value`, in a file of `size` bytes."""
    around = [0, value, 0x20, 0x34, 0x1000, size, USERBASE, TEXT, DATA, BSS, PROGRAM_TOP, USERTOP, KERNBASE, 1 << 31, 1 << 32]
    near = [number + delta for number in around for delta in (-1, 0, 1)]
    return [*dict.fromkeys(number & 0xFFFFFFFF for number in near + [2, 3, 0x10000, 0xFFFFF000, 0xFFFFFFE0, 0x55555555])]


def set_field(data: bytes, at: int, width: int, value: int) -> bytes:
    return data[:at] + (value & (1 << 8 * width) - 1).to_bytes(width, "little") + data[at + width:]


@cache
def places() -> dict[str, tuple[int, int]]:
    """Every field of the base's headers: where, and how many bytes."""
    found, at = {}, 0
    for name, letter in zip(HEADER_FIELDS, "IBBBB8HHIIIIIHHHHHH"):
        width = {"I": 4, "B": 1, "8": 8, "H": 2}[letter]
        if name != "pad":
            found[name] = at, width
        at += width
    for i, (j, name) in itertools.product(range(3), enumerate(SEGMENT_FIELDS)):
        found[f"{name}[{i}]"] = HEADER.size + i * SEGMENT.size + 4 * j, 4
    return found


def each_field() -> Iterator[Case]:
    """Each field of each header at each edge."""
    good = base()
    for name, (at, width) in places().items():
        value = int.from_bytes(good[at:at + width], "little")
        for edge in dict.fromkeys(number & (1 << 8 * width) - 1 for number in edges(value, len(good))):
            yield Case(f"{name}={edge:#x}", set_field(good, at, width, edge))


def overlaps() -> Iterator[Case]:
    """The third segment everywhere around the others: in front, touching, over an edge, inside, around."""
    good = base()
    va, memsz = places()["va[2]"][0], places()["memsz[2]"][0]
    for start, length in ((TEXT + 0x100, 0x40), (DATA + 0x80, 0x1000)):
        for size in (1, 2, 0x20, length - 1, length, length + 1, length + 0x40, 0x3000):
            for first in (start - size - 1, start - size, start - size + 1, start - 1, start, start + 1, start + length // 2,
                          start + length - 1, start + length, start + length + 1):
                yield Case(f"{size:#x} bytes at {first:#x}", set_field(set_field(good, va, 4, first), memsz, 4, size))


def truncations() -> Iterator[Case]:
    good = base()
    for size in range(len(good) + 1):
        yield Case(f"cut at {size}", good[:size])


def pairs(seed: int) -> Iterator[Case]:
    """Random cases with two or three fields at edges; never ends."""
    chance, good = random.Random(seed), base()
    while True:
        data = good
        names: list[str] = []
        for name in chance.sample(sorted(places()), chance.choice((2, 2, 3))):
            at, width = places()[name]
            value = chance.choice(edges(int.from_bytes(good[at:at + width], "little"), len(good)))
            data, names = set_field(data, at, width, value), [*names, f"{name}={value:#x}"]
        yield Case(" ".join(names), data)


def cases(count: int | None = None, seed: int = 0) -> list[Case]:
    """All there are without chance, and as many of chance as make `count`."""
    found = list({case.data: case for case in itertools.chain(each_field(), overlaps(), truncations())}.values())
    return found[:count] + list(itertools.islice(pairs(seed), max(0, (count or 0) - len(found))))


def selection(count: int) -> list[Case]:
    """Some of them: a quarter good, and of those with the same faults a few, beginning with those that have only one."""
    groups: dict[frozenset[str], list[Case]] = {}
    for case in cases():
        groups.setdefault(faults(case.data), []).append(case)
    good = groups.pop(frozenset())
    bad = sorted(groups.values(), key=lambda group: len(faults(group[0].data)))
    spread = [[group[i * len(group) // count] for i in range(count)] for group in bad]
    turns = [good[i * len(good) * 4 // count] for i in range(count // 4)]
    return list(dict.fromkeys(turns + [case for turn in zip(*spread) for case in turn]))[:count]
