# SPDX-License-Identifier: MIT
"""user/life/spawn.c: spawn() is clone() and exec(), copies no memory, and returns the code or the error."""

from calls import FIRST

CLONE_VM = 0x100


def test_lines(run):
    out = run("spawn", memory="64M")
    out.lines.in_order("spawn: spawn of a program with argument 7 = 0", "spawn: exit code = 7",
                       "spawn: spawn of a program with argument killed = 0", "spawn: exit code of a killed child = -9",
                       "args: argc = 3", "args: argv[1] = one", "args: argv[2] = two words",
                       "spawn: spawn without a place for the code = 0", "spawn: spawn of an unknown program = -16",
                       "spawn: spawn of too many arguments = -12", "spawn: children that are left = -2", "spawn pass.")


def test_no_memory_is_copied(run):
    """Each child shares the memory of its parent, 16 MiB of it, until it executes the program."""
    trace = run("spawn", memory="64M").trace
    forks = trace.all("fork", parent=FIRST)
    assert [fork.flags for fork in forks] == [CLONE_VM] * 5
    assert not [copy for copy in trace.of("page_copy") if copy.cpu_pid == FIRST]
    for fork in forks[:3]:
        trace.in_order(f"fork parent={FIRST} child={fork.child}", f"exec pid={fork.child}",
                       f"reap parent={FIRST} child={fork.child}")
