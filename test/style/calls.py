#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""calls - which file of the kernel calls which, computed from the object files of a build.

    calls.py BUILD

Folders have an order, and a call or a use of a variable goes down in it. `UPWARD` lists the arrows that
go up, each with its reason. Files that use each other form a circle; none has more than CIRCLE_MAX files.
Assembler files are left out as callers: trap entry and boot call into every folder. So are the functions that
the compiler calls by itself (COMPILERS).

llvm-nm reads the members of kernel/libkernel*.a, also those of -flto, which are bitcode. Prints a sentence for each breach.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from layers import MAY_LOOK_UP, ORDER, is_allowed, rank

CIRCLE_MAX = 6

# Calls of the instrumentation, and memcpy() and its kin, which clang emits for assignments.
COMPILERS = re.compile(r"__|(memcpy|memmove|memset|memcmp)$")

# (folder or file that uses, file that is used): why.
UPWARD = {
    ("arch", "watch/panic.c"): "a bug is reported where it is found",
    ("dev", "watch/panic.c"): "a bug is reported where it is found",
    ("arch/i386/trapframe.c", "dev/console.c"): "a trap frame is printed",
}
SYMBOL = re.compile(r".*\[(?P<path>[^\]]+)\]: (?P<name>\S+) (?P<kind>\S)(?: .*)?$")


def source_of(path):
    """kernel/libkernel.a.p/arch_i386_trap.c.o -> arch/i386/trap.c"""
    name = Path(path).name.removesuffix(".o")
    for folder in ("arch_i386", *ORDER):
        if name.startswith(folder + "_"):
            return folder.replace("_", "/") + "/" + name[len(folder) + 1:]
    return name


def arrows(symbols):
    """{file: {file it uses: names}}, of the output of `llvm-nm -A -P`."""
    defined, wanted = {}, defaultdict(set)
    for line in symbols.splitlines():
        match = SYMBOL.match(line)
        if not match:
            continue
        file, name, kind = source_of(match["path"]), match["name"], match["kind"]
        if kind in "Uwv":
            wanted[file].add(name)
        elif kind.isupper():
            defined.setdefault(name, file)
    result = defaultdict(lambda: defaultdict(set))
    for file, names in wanted.items():
        for name in names:
            target = defined.get(name, file)
            if target != file and not file.endswith(".S") and not COMPILERS.match(name):
                result[file][target].add(name)
    return result


def reachable(graph, start):
    seen, left = set(), [start]
    while left:
        for target in graph.get(left.pop(), ()):
            if target not in seen:
                seen.add(target)
                left.append(target)
    return seen


def circles(graph):
    """The sets of files that all use each other, directly or not; the largest first."""
    reach = {file: reachable(graph, file) for file in graph}
    found = {frozenset(other for other in reach[file] if file in reach.get(other, ())) for file in graph}
    return sorted((circle for circle in found if len(circle) > 1), key=lambda circle: (-len(circle), sorted(circle)))


def upward(graph):
    """(file, file it uses, names) for each arrow that goes up in the order of the folders."""
    for file in sorted(graph):
        if f"kernel/{file}" in MAY_LOOK_UP:
            continue
        for target, names in sorted(graph[file].items()):
            if rank(target) > rank(file):
                yield file, target, names


def breaches(graph):
    for file, target, names in upward(graph):
        if not is_allowed(file, target, UPWARD):
            yield f"kernel/{file} uses {', '.join(sorted(names))} of kernel/{target}, which lies above it"
    for circle in circles(graph):
        if len(circle) > CIRCLE_MAX:
            yield f"{len(circle)} files use each other, more than {CIRCLE_MAX}: {' '.join(sorted(circle))}"


def main():
    build = Path(sys.argv[1])
    files = sorted((build / "kernel").glob("libkernel*.a"))
    if not files:
        sys.exit(f"no libraries of the kernel in {build}: run ninja -C {build}")
    symbols = subprocess.run(["llvm-nm", "-A", "-P", *files], capture_output=True, text=True, check=True).stdout
    graph = arrows(symbols)
    largest = circles(graph)[:1]
    print(f"{len(graph)} files; the largest circle: {len(largest[0]) if largest else 0}",
          *sorted(largest[0]) if largest else ())
    sys.exit("\n".join(breaches(graph)) or None)


if __name__ == "__main__":
    main()
