# SPDX-License-Identifier: MIT
"""user/isolation/ring3.c: everything that a program must not be able to do, and the result of each attempt.

D02: an attempt ends its own process only, and its trap frame is printed. D09: no port is open. Exceptions and error
codes are those of the Intel SDM: 2A to 2C for instructions, 3A 5.5 to 5.8 for segments and transfers, 3A 6.13 for
error codes of interrupts, 3A 4.7 for page faults.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from calls import FIRST
from conftest import Build
from trapframes import FLAGS, PLAIN, USER_DATA, USER_TEXT, WORD



@dataclass(frozen=True)
class Dies:
    """The child dies of this exception, with this error code."""
    trap: int
    error: int = 0


DEBUG, BREAKPOINT, OVERFLOW, BOUND = Dies(1), Dies(3), Dies(4), Dies(5)
DIVIDE, UNDEFINED, X87 = Dies(0), Dies(6), Dies(16)
REFUSED = Dies(13)
PRESENT, WRITE, USER, FETCH = 1, 2, 4, 16
PAGE_FAULT = 14

# Any of several results, where processors or the emulator differ.
EITHER = tuple
ALLOWED = 0

KERNELS = ("cli sti hlt clts invd wbinvd invlpg lgdt lidt lldt ltr lmsw from_cr0 from_cr2 from_cr3 from_cr4 to_cr0 "
           "to_cr2 to_cr3 to_cr4 from_dr0 from_dr6 from_dr7 to_dr0 to_dr3 to_dr6 to_dr7 rdmsr wrmsr rdpmc sysenter "
           "sysexit").split()
NOBODYS = ("syscall sysret rsm swapgs clac stac vmcall vmlaunch vmrun vmmcall vmsave stgi clgi monitor mwait xgetbv "
           "wrpkru getsec to_cs lock_nop ud0 ud1 ud2").split()
UMIP = "sgdt sidt sldt str smsw".split()

INSTRUCTIONS: dict[str, Dies | int | tuple] = {
    **dict.fromkeys(KERNELS, REFUSED),
    **dict.fromkeys(NOBODYS, UNDEFINED),
    # The register does not exist, or the feature is privileged and off.
    **dict.fromkeys(["to_cr1", "xsetbv"], EITHER((UNDEFINED, REFUSED))),
    "divide": DIVIDE, "divide_overflow": DIVIDE, "aam_0": DIVIDE,
    "icebp": EITHER((DEBUG, UNDEFINED)),  # QEMU's TCG raises the second
    "int3": BREAKPOINT, "into": OVERFLOW, "bound": BOUND,
    "x87_error": X87,
    "x87_left": ALLOWED,   # leaves an x87 error pending, which no other process gets:
    "x87_after": 0x37F,    # the control word of a fresh FPU, which masks it
    "iret_nested": Dies(10),  # there is no task to return to
    # To virtual-8086 mode: by the manual only ring 0 can enter it. QEMU's TCG does, and faults because nothing
    # is mapped; with SMAP it does not let iret read its stack.
    "iret_virtual": EITHER((Dies(13, 0x1000), Dies(PAGE_FAULT, USER), Dies(PAGE_FAULT, PRESENT))),
    "read_kernel": Dies(PAGE_FAULT, USER | PRESENT),
    "write_kernel": Dies(PAGE_FAULT, USER | PRESENT | WRITE),
    "bts_kernel": EITHER((Dies(PAGE_FAULT, USER | PRESENT | WRITE), Dies(PAGE_FAULT, USER | PRESENT))),
    "call_kernel": EITHER((Dies(PAGE_FAULT, USER | PRESENT), Dies(PAGE_FAULT, USER | PRESENT | FETCH))),
    "write_text": Dies(PAGE_FAULT, USER | PRESENT | WRITE),
    "read_0": Dies(PAGE_FAULT, USER),
    "call_0": EITHER((Dies(PAGE_FAULT, USER), Dies(PAGE_FAULT, USER | FETCH))),
    "write_wrapping": Dies(PAGE_FAULT, USER | WRITE),
    "cpuid": ALLOWED, "rdtsc": ALLOWED,
    "prefetch_kernel": ALLOWED,  # a hint without effect on pages that are not accessible
    # Queries about descriptors: the answer is no, except for the program's own.
    **dict.fromkeys(["lar_user_text", "lsl_user_data", "verw_user_data"], 1),
    **dict.fromkeys(["lar_kernel_text", "lar_tss", "lsl_kernel_data", "lsl_tss", "verr_kernel_text",
                     "verw_kernel_data"], 0),
}

SELECTORS = [*range(0x40), 0xFFFE, 0xFFFF]
PORTS = [0x20, 0x60, 0x64, 0xF4, 0x3F8, 0xCF8, 0xFFFC]
STACK_BOTTOM, STACK_TOP, TEXT_PAGE = 0xAFF00000, 0xB0000000, 0x800000
KERNEL_TEXT_PAGE, SHADOW_PAGE = 0xC0101000, 0xBFFFF000
# Pages of STACKS that are mapped, although a program may not write, or not even read them.
PRESENT_PAGES = {TEXT_PAGE, KERNEL_TEXT_PAGE - 0x1000, KERNEL_TEXT_PAGE}
if Build.from_environment().kasan:
    PRESENT_PAGES.add(SHADOW_PAGE)
STACKS = [0, 1, 2, 3, STACK_BOTTOM, 0x200000, 0x800020, STACK_TOP, STACK_TOP + 1, STACK_TOP + 4, 0xBFFFFFF0,
          KERNEL_TEXT_PAGE, 0xFAC00000, 0xFFFFFFFF]
# The flags that a program can change: direction, nested task, alignment check, ID. popf and iret silently
# ignore the interrupt flag, the I/O privilege level and VM.
FREE_FLAGS = {10, 14, 18, 21}


def int_n(vector: int) -> Dies | int:
    """Programs may use int3, into and the system call, here with an unknown number."""
    return {3: BREAKPOINT, 4: OVERFLOW, 0x80: -20}.get(vector, Dies(13, vector << 3 | 2))


def refused(selector: int) -> Dies:
    """The error code is the selector without its RPL."""
    return Dies(13, selector & ~3)


def load(register: str, selector: int) -> Dies | int:
    """No segment may be loaded but the program's own; the stack's must be present."""
    if register == "ss":
        return USER_DATA if selector == USER_DATA else refused(selector)
    return selector if selector & ~3 in (0, USER_TEXT & ~3, USER_DATA & ~3) else refused(selector)


def transfer(how: str, selector: int) -> Dies | int:
    """Only the program's own text selector works; a return must not even name another privilege level."""
    own = selector == USER_TEXT if how in ("lret", "iret") else selector & ~3 == USER_TEXT & ~3
    return ALLOWED if own else refused(selector)


def access(address: int, right: int) -> Dies | int:
    """Access four bytes at `address`: the pages of the first and the last byte must allow it."""
    for byte in (address % 2**32, (address + 3) % 2**32):
        page = byte & ~0xFFF
        writable, readable = STACK_BOTTOM <= page < STACK_TOP, page == TEXT_PAGE
        if not (writable or readable and not right & WRITE):
            return Dies(PAGE_FAULT, USER | right | (PRESENT if page in PRESENT_PAGES else 0))
    return ALLOWED


def on_stack(top: int) -> dict[str, Dies | int]:
    """The kernel has its own stack, so traps and system calls work whatever esp is."""
    return {"int 0x80": ALLOWED, "push": access(top - 4, WRITE), "pusha": access(top - 4, WRITE),
            "call": access(top - 4, WRITE), "pop": access(top, 0), "fault": Dies(PAGE_FAULT, USER), "ud2": UNDEFINED}


def flip(bit: int) -> Dies | int:
    return DEBUG if bit == 8 else 1 << bit if bit in FREE_FLAGS else 0


def matrix() -> dict[str, Dies | int | tuple]:
    """All attempts in order, except the single instructions."""
    accesses = [f"{way}{size}" for way in ("in", "out", "ins", "outs") for size in "bwl"]
    return {
        **{f"int {vector:#x}": int_n(vector) for vector in range(256)},
        **{f"{how} {port:#x}": REFUSED for port in PORTS for how in accesses},
        **{f"mov {register} {s:#x}": load(register, s) for register in ("es", "ss", "ds", "fs", "gs")
           for s in SELECTORS},
        **{f"{how} {s:#x}": transfer(how, s) for how in ("lcall", "ljmp", "lret", "iret") for s in SELECTORS},
        **{f"{how} bit {bit}": flip(bit) for bit in range(8, 22) for how in ("popf", "iret")
           if (how, bit) != ("iret", 17)},
        **{f"{use} at {top:#x}": wanted for top in STACKS for use, wanted in on_stack(top).items()},
    }


def instructions(has_umip: bool) -> dict[str, Dies | int | tuple]:
    return INSTRUCTIONS | dict.fromkeys(UMIP, REFUSED if has_umip else ALLOWED)


ATTEMPT = re.compile(r"ring3: (.+) = (-?\d+)")
FRAME = re.compile("\n".join([
    r'pid \d+ "ring3" dies: .+', f"trapframe at {WORD}",
    *(f"  {register:<4} {WORD}" for register in PLAIN),
    *(f"  {register}   0x----[0-9a-f]{{4}}" for register in ("ds", "es", "fs", "gs")),
    r"  trap 0x(?P<trap>[0-9a-f]{8}) .+", r"  err  0x(?P<error>[0-9a-f]{8})", f"  eip  {WORD}",
    f"  cs   0x----({USER_TEXT:04x}|1000)", FLAGS, f"  esp  {WORD}", f"  ss   0x----({USER_DATA:04x}|0000)",
    r"killed by kernel\."]))


def outcomes(lines) -> Iterator[tuple[str, Dies | int | str]]:
    """The attempts in order and their results; as text, an incomplete trap frame before -9."""
    before: list[str] = []
    started = False
    for line in lines:
        attempt = ATTEMPT.fullmatch(line)
        if not attempt:
            before.append(line)
            started = started or line.startswith("kernel_execve:")
            before = before if started and not line.startswith("kernel_execve:") else []
            continue
        name, code = attempt[1], int(attempt[2])
        frame = FRAME.fullmatch("\n".join(before))
        if frame and code == -9:
            yield name, Dies(int(frame["trap"], 16), int(frame["error"], 16))
        else:
            yield name, f"{code} after {before}" if before else code
        before = []


def assert_outcomes(out, wanted: dict[str, Dies | int | tuple]):
    """Each attempt came to what it should, all others went on, and the parent saw each child's end."""
    *attempts, bystander = outcomes(out.lines)
    wrong = [f"{name}: {seen}, should be {wanted.get(name)}" for name, seen in attempts
             if seen not in (wanted.get(name) if isinstance(wanted.get(name), tuple) else (wanted.get(name),))]
    assert not wrong, f"{len(wrong)} of {len(attempts)}:\n" + "\n".join(wrong[:20])
    assert [name for name, _ in attempts] == list(dict.fromkeys(name for name, _ in attempts))
    assert {name for name, _ in attempts} == set(wanted)
    assert bystander == ("words that the bystander found changed", 0)
    out.lines.once("ring3 pass.")


def test_matrix(run):
    """Runs without the trace, which would take longer to check than the attempts."""
    assert_outcomes(run("ring3", cmdline="trace=off"), instructions(has_umip=False) | matrix())


def test_more_to_refuse(run):
    """On a processor with all protections; in the trace each death is one child's, by a fault, and reaped."""
    out, wanted = run("ring3", "instructions", cpu="max"), instructions(has_umip=True)
    assert_outcomes(out, wanted)
    children = [fork.child for fork in out.trace.all("fork", parent=FIRST)]
    dead = [reap.child for reap in out.trace.all("reap", parent=FIRST, code=-9)]
    assert dead == [exit_.pid for exit_ in out.trace.all("exit code=-9 reason=fault")]
    assert set(dead) < set(children) and len(dead) == len([code for code in wanted.values() if not isinstance(code, int)])
