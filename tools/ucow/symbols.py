# SPDX-License-Identifier: MIT
"""Where things are in a kernel: symbols, initial bytes, and the source line of an address."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path

from . import LabError, children
from .elf32 import Elf32
from .memory import Memory, open_memory

# kernel/arch/i386/linear.h: physical memory is mapped linearly here, so a kernel symbol's physical address is known.
KERNBASE = 0xC0000000

LINELESS_BYTES = 64  # a call's code that the compiler has given no line is shorter

BUILD_ID_BYTES = 36  # kernel_build_id: the linker's note, of which the last 20 bytes are a hash of the kernel


def physical(address: int) -> int:
    """The physical address of a linearly mapped kernel address."""
    return address - KERNBASE


class Symbols:
    """The symbols of the ELF file at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            elf = Elf32(self.path.read_bytes())
            self._addresses = dict(elf.symbols())
            self._segments = elf.segments
        except OSError as error:
            raise LabError(f"{self.path}: {error.strerror}; build the kernel first, or name it with --elf") from None
        except ValueError as error:
            raise LabError(f"{self.path} is not an ELF file ({error}); name the kernel with --elf") from None

    def __contains__(self, name: str) -> bool:
        return name in self._addresses

    def address(self, name: str) -> int:
        """The address of symbol `name`."""
        if name not in self._addresses:
            raise LabError(f"{self.path} has no symbol {name}: it is stripped, not ucow, or built without that part")
        return self._addresses[name]

    def data(self, name: str, size: int) -> bytes:
        """The first `size` bytes that symbol `name` holds in the file."""
        address = self.address(name)
        for start, data in self._segments:
            if start <= address and address + size <= start + len(data):
                return data[address - start:address - start + size]
        raise LabError(f"{self.path}: {name} at {address:#x} has no {size} bytes in the file")

    def require_same(self, memory: Memory) -> None:
        """Raise LabError unless `memory` is that of a machine that booted this very kernel."""
        mine = self.data("kernel_build_id", BUILD_ID_BYTES)
        if memory.read(physical(self.address("kernel_build_id")), BUILD_ID_BYTES) != mine:
            raise LabError(f"this is not the memory of a machine that booted {self.path}, whose build id is "
                           f"{mine[-20:].hex()[:12]}: another kernel ran (name it with --elf), or it is not a ucow machine")

    def text(self, name: str) -> str:
        """The NUL-terminated text that symbol `name` holds in the file."""
        return self.text_at(self.address(name))

    def text_at(self, address: int) -> str:
        """The NUL-terminated text at an address, as the file has it."""
        for start, data in self._segments:
            if start <= address < start + len(data):
                return data[address - start:].split(b"\0", 1)[0].decode()
        raise LabError(f"{self.path}: {self.name(address)} at {address:#x} has no bytes in the file")

    def name(self, address: int) -> str:
        """`symbol+offset` of an address of a variable."""
        place, symbol = max(((place, name) for name, place in self._addresses.items() if place <= address),
                            default=(address, hex(address)))
        return f"{symbol}+{address - place}" if address > place else symbol

    @cached_property
    def _symbolizer(self) -> str | None:
        return shutil.which("llvm-symbolizer")

    def where(self, address: int) -> str:
        """`function file:line` of a code address; the bare address without llvm-symbolizer."""
        if self._symbolizer is None:
            return f"{address:#x} (install llvm to see the line)"
        return self.places([address])[0]

    def places(self, addresses: list[int]) -> list[str]:
        """where() of each address."""
        if self._symbolizer is None:
            return [self.where(address) for address in addresses]
        found = dict(zip(addresses, self._asked(addresses)))
        before = inlined(self.path, [address for address, place in found.items() if place.endswith(":0")])
        return [before[address][0] if address in before else found[address] for address in addresses]

    def _asked(self, addresses: list[int]) -> list[str]:
        assert self._symbolizer
        answer = children.run([self._symbolizer, "--output-style=GNU", "--functions", "--basenames", "--no-inlines",
                               "-e", self.path, *map(hex, addresses)], stderr=subprocess.DEVNULL).stdout.split("\n")
        return [f"{function} {line}" for function, line in zip(answer[::2], answer[1::2])]


def inlined(path: Path, addresses: Iterable[int]) -> dict[int, list[str]]:
    """`function file:line` of each code address, and then of each function that it was inlined into, the innermost first; of what
    llvm-symbolizer knows. Code that the compiler has given no line has that of the last code before it in the same function."""
    found = chains(path, addresses)
    for address, chain in found.items():
        if chain[0].endswith(":0"):
            function = chain[-1].partition(" ")[0]
            near = chains(path, range(address - 1, address - LINELESS_BYTES - 1, -1))
            found[address] = next((other for other in near.values() if other[-1].startswith(f"{function} ") and not other[0].endswith(":0")), chain)
    return found


def chains(path: Path, addresses: Iterable[int]) -> dict[int, list[str]]:
    """inlined() as llvm-symbolizer has it, in the order of the addresses."""
    if not (asked := [*map(hex, addresses)]) or not (symbolizer := shutil.which("llvm-symbolizer")):
        return {}
    answer = children.run([symbolizer, "--output-style=JSON", "--inlines", "-e", path, *asked], stderr=subprocess.DEVNULL).stdout
    return {int(told["Address"], 16): [f"{frame['FunctionName']} {Path(frame['FileName']).name}:{frame['Line']}" for frame in told["Symbol"]]
            for told in json.loads(answer or "[]") if "Symbol" in told}


class Lines:
    """Function, file and line of a program's code, from its line table. llvm-symbolizer does not know all functions of a
    source file from which the linker has removed some."""

    NAME = re.compile(r'^file_names\[ *(\d+)\]:\n +name: "(?:.*/)?(.*)"$', re.MULTILINE)
    ROW = re.compile(r"^0x([0-9a-f]+) +(\d+) +\d+ +(\d+) .*?(end_sequence)?$", re.MULTILINE)

    def __init__(self, path: Path) -> None:
        self._functions = sorted((value, name) for name, value in Symbols(path)._addresses.items())
        self._rows: list[tuple[int, int, str]] = []  # start, end, file:line
        if (dwarfdump := shutil.which("llvm-dwarfdump")) is None:
            return
        tables = children.run([dwarfdump, "--debug-line", path], stderr=subprocess.DEVNULL).stdout
        for table in tables.split("Line table prologue:")[1:]:
            names, last, where = dict(self.NAME.findall(table)), 0, ""
            for address, line, file, end in self.ROW.findall(table):
                if last and last < int(address, 16):
                    self._rows.append((last, int(address, 16), where))
                last, where = 0 if end else int(address, 16), f"{names.get(file, '??')}:{line}"

    def where(self, address: int) -> str:
        """`function file:line`, with ?? for what is unknown."""
        line = next((text for start, end, text in self._rows if start <= address < end), "??:0")
        name = next((name for start, name in reversed(self._functions) if start <= address), "??")
        return f"{name} {line}"


lines_of = lru_cache(maxsize=None)(Lines)


def kernel_that_ran(source: str, kernels: Iterable[Path], otherwise: Path) -> Path:
    """The first of the kernels that a machine booted whose memory is in `source`, as open_memory() takes it; or `otherwise`."""
    memory = open_memory(source)
    try:
        for kernel in sorted(kernels, key=lambda path: (path != otherwise, path)):
            with suppress(LabError):
                Symbols(kernel).require_same(memory)
                return kernel
        return otherwise
    finally:
        memory.close()
