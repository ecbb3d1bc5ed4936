# SPDX-License-Identifier: MIT
"""The places of a kernel at which something can be told to fail, found in its machine code.

A site is the return address of a call to one of the functions that ask the gate (kernel/check/inject.h).
They are taken from the disassembly, not from what was seen to fail, so what never failed shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from . import LabError, children
from .enums import gates
from .symbols import Symbols

# The functions that ask, and the kind that each asks for.
GATES = gates()

# The compiler may keep these parts of gates as functions of their own.
PARTS = {"alloc_one", "object_alloc", "heap_alloc", "heap_large_alloc", "inject_fails"}

# The functions that the gates guard, and the other functions that may call them.
BEHIND_THE_GATES: dict[str, set[str]] = {
    "pmm_take": {"cache_refill", "cache_refill_hard", "block_take_hard"},
    "usercopy_bytes": set(), "usercopy_string": set(),
    "ide_read_page": {"swap_init"}, "ide_write_page": set(),
}

# Functions whose calls no program can bring about: the mistakes of kernel/planted/planted.def.
EXCLUDED, WHY_EXCLUDED = re.compile(r"plant_\w+"), "a mistake on request, made before anything counts"

WHY_UNUSED = "nothing calls the function in this build, and nothing holds its address"

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"<([^+>]+)>$")


@dataclass(frozen=True)
class Call:
    """One call, or jump, from a function to another; `returns_to` is what the callee takes for its site."""
    caller: str
    callee: str
    returns_to: int
    is_jump: bool


def disassembly(elf: Path) -> Iterator[str]:
    """The lines of the disassembly of a kernel."""
    done = children.run(["llvm-objdump", "-d", "--no-show-raw-insn", elf])
    if done.returncode != 0:
        raise LabError(f"llvm-objdump {elf}: {done.stdout.strip()}")
    return iter(done.stdout.splitlines())


def calls(elf: Path) -> list[Call]:
    """Every call of a function by its name in the kernel's code."""
    found: list[Call] = []
    caller = ""
    pending: tuple[str, str] | None = None
    for line in disassembly(elf):
        if match := FUNCTION.match(line):
            caller, pending = match[1], None
        elif match := INSTRUCTION.match(line):
            if pending:
                found.append(Call(*pending, int(match[1], 16), False))
                pending = None
            target = TARGET.search(match[3])
            if target and match[2].startswith("call"):
                pending = (caller, target[1])
            elif target and match[2].startswith("j") and target[1] != caller:
                found.append(Call(caller, target[1], 0, True))
    return found


def unused(elf: Path, callers: set[str], all_calls: list[Call]) -> set[str]:
    """The functions that have no caller and whose address no code and no data holds."""
    called = {call.callee for call in all_calls if call.callee != call.caller}
    with elf.open("rb") as file:
        loaded = b"".join(section.data() for section in ELFFile(file).iter_sections()
                          if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section.name != ".lines")
    symbols = Symbols(elf)
    return {name for name in callers - called if symbols.address(name).to_bytes(4, "little") not in loaded}


class Sites:
    """The sites of one kernel: `wanted` must all fail some time, `excluded` need not."""

    def __init__(self, elf: Path) -> None:
        all_calls = calls(elf)
        gates = [call for call in all_calls if call.callee in GATES and call.caller not in GATES]
        reasons = dict.fromkeys(unused(elf, {call.caller for call in gates}, all_calls), WHY_UNUSED)
        reasons |= {call.caller: WHY_EXCLUDED for call in gates if EXCLUDED.fullmatch(call.caller)}
        self.wanted = {call.returns_to: GATES[call.callee] for call in gates
                       if not call.is_jump and call.caller not in reasons}
        self.excluded = {call.returns_to: reasons[call.caller] for call in gates if call.caller in reasons}
        self.complaints = [*self._complaints(all_calls)]
        if not any(call.callee == "inject_now" for call in all_calls):
            raise LabError(f"{elf} has no gates: build the kernel with -Dinject=true")

    @staticmethod
    def _complaints(all_calls: list[Call]) -> Iterator[str]:
        """What would make the list of sites a lie."""
        for call in all_calls:
            if call.callee in GATES and call.is_jump and call.caller not in GATES:
                yield f"{call.caller} ends in a jump to {call.callee}, which then takes another function for its caller"
            if call.callee == "inject_now" and call.caller not in GATES.keys() | PARTS:
                yield f"{call.caller} asks the gate, but tools/ucow/sites.py does not know it"
            allowed = BEHIND_THE_GATES.get(call.callee)
            if allowed is not None and call.caller not in allowed | GATES.keys() | {call.callee}:
                yield f"{call.caller} calls {call.callee} without asking the gate"
