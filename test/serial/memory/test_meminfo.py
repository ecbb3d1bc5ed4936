# SPDX-License-Identifier: MIT
"""user/memory/meminfo.c: meminfo() and ledger() report the true numbers.

The test counts the same from outside at the time of the call: from the array of struct page, the page tables of all
processes and the slot map. D28: every frame has an owner. D22: the count of a slot is the number of its references.
"""

import re
from collections import Counter

from breakpoints import stopping
from ucow.enums import enumerations
from ucow.machine import symbols_of
from ucow.memory import FileMemory
from ucow.pages import PAGE_BYTES, PRESENT, Guest

LINE = re.compile(r"^meminfo: ([\w ]+): (total=.*)$")
ACCOUNT = re.compile(r"^meminfo: account (.*): held=(\d+) base=(\d+)$")
OWNERS = {name: text for _, name, text in enumerations()["owner"] if name not in ("reserved", "free", "heap")}


def counted(guest: Guest) -> dict[str, int]:
    """What meminfo() should report."""
    owners = Counter(frame.owner for frame in guest.frames)
    return {"total": len(guest.frames) - owners["reserved"], "free": owners["free"], "user": owners["user"],
            "shared": owners["shared"], "cache": owners["cache"], "pgtables": owners["pgtable"],
            "kstacks": owners["kstack"], "heap": owners["heap"], "processes": len(guest.processes) - 1,
            "slots": len(guest.slots)}


def accounts(guest: Guest) -> dict[str, int]:
    """What ledger() should report for the accounts that can be counted from outside."""
    owners = Counter(frame.owner for frame in guest.frames)
    held = {f"frames of {name}": owners[owner] for owner, name in OWNERS.items()}
    regions = sum(len(guest.regions(mm)) for mm in guest.spaces)
    held |= {"pids": len(guest.processes) - 1, "heap objects of mm": len(guest.spaces), "heap objects of vma": regions,
             "heap objects of shmem": len(guest.stored)}
    if guest.swaps:
        held["swap slots"] = sum(slot.count > 0 for slot in guest.slots.values())
    return held


def entries_agree(guest: Guest):
    """The count of a user frame is the number of PTEs and objects that refer to it; so is the count of a slot."""
    stored = [page for pages in guest.stored.values() for page in pages]
    in_objects = Counter(guest.frame_number(page) for page, _ in stored if page)
    on_disk = Counter(slot for _, slot in stored if slot)
    for number, frame in enumerate(guest.frames):
        if frame.owner in ("user", "shared", "cache"):
            objects = 1 if frame.owner == "cache" else in_objects[number]
            assert frame.count == guest.references[number * PAGE_BYTES | PRESENT] + objects, f"frame {number:#x}: {frame}"
        if frame.slot:
            assert guest.frame_number(guest.slots[frame.slot].page) == number
    for number, slot in guest.slots.items():
        assert slot.count == guest.references[number * PAGE_BYTES] + on_disk[number], f"slot {number}: {slot}"
    assert set(guest.named_by) | set(on_disk) <= set(guest.slots)
    for mm, tables in guest.directories.items():
        assert sum(guest.entries_used(table) for table in tables.values()) == len(guest.tables[mm])
    for table, sharers in guest.sharers.items():
        assert guest.frames[table].count == sharers


def test_the_kernel_tells_the_truth(bench, build):
    build.need_functions("sys_meminfo", "sys_ledger")
    names = {symbols_of(build.kernel).address(f"sys_{name}"): name for name in ("meminfo", "ledger")}
    seen = {"meminfo": [], "ledger": []}
    with stopping(bench, "meminfo", at=list(names), memory="32M") as stops:
        memory = FileMemory(stops.live.memory_file)
        for where in stops:
            guest = Guest.of(memory, build.kernel)
            if names[where] == "meminfo":
                entries_agree(guest)
                seen["meminfo"].append(counted(guest))
            else:
                seen["ledger"].append(accounts(guest))
        memory.close()
        lines = stops.live.end().lines
    said = [{name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", found[2])}
            for line in lines if (found := LINE.match(line))]
    moments = [found[1] for line in lines if (found := LINE.match(line))]
    assert len(moments) == (8 if build.swap else 6)
    assert dict(zip(moments, said)) == dict(zip(moments, seen["meminfo"]))
    assert len(said) == len(seen["meminfo"]) == len(seen["ledger"])
    told_accounts = [found for line in lines if (found := ACCOUNT.match(line))]
    per_moment = len(told_accounts) // len(moments)
    for i, (moment, truth) in enumerate(zip(moments, seen["ledger"])):
        told = {found[1]: int(found[2]) for found in told_accounts[i * per_moment:(i + 1) * per_moment]}
        assert len(told) == per_moment
        assert {name: told.get(name) for name in truth} == truth, moment


    # The numbers change at each moment, so that equal numbers are no coincidence.
    user = {moment: truth["user"] for moment, truth in zip(moments, said)}
    assert user["touched"] == user["start"] + 24, "each page that was touched is one"
    assert user["two children"] - user["touched"] < 24 if build.cow else user["two children"] - user["touched"] >= 48
    assert user["alone"] < user["unmapped"] < user["two children"]
