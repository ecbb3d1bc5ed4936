# SPDX-License-Identifier: MIT
"""Recordings of runs: all that QEMU needs to repeat one, in one file.

A recording is a tar.gz of what a folder has after a run under `-icount rr=record`: `log`, QEMU's log of all input;
`start.qcow2`, a disk with the snapshot of the machine before its first instruction, to which steps backwards return;
`module`, the program if it came from outside; and `about`, JSON that describes the machine. The kernel is not in it:
a replay needs the very same kernel, which its build id tells, and the same QEMU.
"""

import gzip
import json
import re
import struct
import subprocess
import tarfile
import zlib
from pathlib import Path

from . import LabError, children
from .symbols import BUILD_ID_BYTES, Symbols

LOG, START, SWAP, MODULE, ABOUT = "log", "start.qcow2", "swap.qcow2", "module", "about"
CLUSTER_BITS = 16
DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError)

# What `about` has, and what each value looks like: they become words of QEMU's command line.
FIELDS = {
    "kernel": r"[0-9a-f]{40}",           # build id
    "qemu": r"[^\n]+",                   # version
    "memory": r"[1-9][0-9]*[KMG]?",
    "cpu": r"[\w.,+=-]*",                # empty: QEMU's default
    "append": r"[^\n]*",                 # the kernel's command line
    "module": r"\S*",                    # name of the program that came from outside; empty: none
    "swap": r"([1-9][0-9]*[KMG])?",      # size of the second disk; empty: none
    "firmware": r"seabios|qboot",
    "shift": r"[0-9]",                   # an instruction takes 2^shift ns
    "status": r"[0-9]*",                 # with which QEMU ended; empty: it was interrupted
}


def empty_disk(path: Path, size: int = 1 << 20) -> None:
    """Write an empty disk of `size` bytes in qcow2, version 2, which can hold snapshots.

    Format: docs/interop/qcow2.txt of QEMU. Clusters: header, table of refcount blocks, refcount block, L1 table.
    """
    cluster = 1 << CLUSTER_BITS
    l1_entries = -(-size // (cluster * cluster // 8))
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, CLUSTER_BITS, size, 0, l1_entries, 3 * cluster,
                         cluster, 1, 0, 0)
    refcount_table, refcounts = struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1)
    path.write_bytes(b"".join(part.ljust(cluster, b"\0") for part in (header, refcount_table, refcounts, b"")))


def build_id(kernel: Path) -> str:
    """The hash that the linker made of a kernel."""
    return Symbols(kernel).data("kernel_build_id", BUILD_ID_BYTES)[-20:].hex()


def qemu_version() -> str:
    return children.run(["qemu-system-i386", "--version"], stderr=subprocess.DEVNULL).stdout.split("\n")[0]


def save(folder: Path, file: Path, kernel: Path, about: dict[str, str]) -> None:
    """Make `file` of what a recorded run of `kernel` has left in `folder`."""
    with (folder / LOG).open("rb") as log:
        if not any(log.read(4)):  # QEMU writes its version there at the end
            raise LabError("QEMU was killed before it had finished its log: there is no recording")
    about = {"kernel": build_id(kernel), "qemu": qemu_version()} | about
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
    with tarfile.open(file, "w:gz", compresslevel=1, dereference=True) as archive:
        for name in (ABOUT, LOG, START, SWAP, MODULE):
            if (folder / name).exists():
                archive.add(folder / name, name)


def unpack(file: Path, folder: Path) -> dict[str, str]:
    """Extract the recording `file` into `folder`, and return `about`. Raises LabError if it is none, or not whole."""
    try:
        with file.open("rb") as data:
            if data.read(2) != b"\x1f\x8b":
                raise LabError(f"{file} is no recording: tools/run --record makes one")
        with tarfile.open(file, "r:gz") as archive:
            for name in {LOG, START, SWAP, MODULE, ABOUT} & set(archive.getnames()):
                content = archive.extractfile(name)
                (folder / name).write_bytes(content.read() if content else b"")
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        for name, form in FIELDS.items():
            if not re.fullmatch(form, about[name]):
                raise ValueError(name)
        for name in (LOG, START, *([MODULE] if about["module"] else []), *([SWAP] if about["swap"] else [])):
            if not (folder / name).is_file():
                raise KeyError(name)
    except DAMAGED:
        raise LabError(f"{file} is no recording, or not whole: record the run again with tools/run --record") from None
    except OSError as error:
        raise LabError(f"{file}: {error.strerror}; name a file that tools/run --record has made") from None
    return {name: str(about[name]) for name in FIELDS}


def require_same(file: Path, about: dict[str, str], kernel: Path) -> None:
    """Raise LabError unless `kernel` and this host's QEMU are those that made the recording."""
    if not kernel.is_file():
        raise LabError(f"{kernel}: no such kernel; {file} needs the one with build id {about['kernel'][:12]}: "
                       "name its build directory with --build")
    if (mine := build_id(kernel)) != about["kernel"]:
        raise LabError(f"{file} is of another kernel, whose build id is {about['kernel'][:12]}; that of {kernel} is "
                       f"{mine[:12]}: build its sources again, or name its build directory with --build")
    if (version := qemu_version()) != about["qemu"]:
        raise LabError(f"{file} was made by {about['qemu']}, and this is {version}: record the run again")
