# SPDX-License-Identifier: MIT
"""Names on their way through somebody's quoting: one function for each way.

A tree, a build directory or TMPDIR may be called anything: with blanks, commas, quotes, ` -- `, `=`, or a dash in front.
For a shell there is shlex.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from . import LabError


def option_value(value: str | Path) -> str:
    """A value in an option of QEMU, as in file=VALUE: a comma would end it."""
    return str(value).replace(",", ",,")


def kernel_path(elf: Path) -> str:
    """The value of -kernel: an absolute path. QEMU puts it in front of the command line, and the kernel takes the first
    `/ucow.elf ` for its end (kernel/lib/cmdline.h). Raises LabError if that is in the name of a folder."""
    path = elf.absolute()
    if "/ucow.elf " in f"{path.parent}/":
        raise LabError(f"{path}: the kernel would take ucow.elf in the name of a folder for itself; rename the folder")
    return str(path)


def command_line(options: Sequence[str], program: Sequence[str]) -> str:
    """The kernel's command line, which has no quotes. Raises LabError for a word that would not arrive as one."""
    for word in [*options, *program]:
        if not word or any(c.isspace() for c in word):
            raise LabError(f"{word!r} cannot be passed: the kernel's command line is split at blanks; "
                           "type it into the shell instead")
    return " ".join([*options, *(["--", *program] if program else [])])


def module_folder(modules: Mapping[str, Path]) -> Path | None:
    """The folder in which QEMU must run to find the boot modules: theirs, if a folder's name has a blank, at which QEMU
    would end the path. Raises LabError if there is no such folder, or a module cannot be named."""
    for name, path in modules.items():
        if not Path(path).is_file():
            raise LabError(f"{path}: no such file to boot as program {name}")
        if any(c.isspace() for c in f"{Path(path).name}{name}"):
            raise LabError(f"{path} as {name}: QEMU splits modules at blanks; use a name without them")
    folders = {Path(path).absolute().parent for path in modules.values()}
    if not any(c.isspace() for folder in folders for c in str(folder)):
        return None
    if len(folders) > 1:
        raise LabError(f"{' and '.join(map(str, sorted(folders)))}: QEMU splits modules at blanks; put them into one folder")
    return folders.pop()


def module_list(modules: Mapping[str, Path]) -> str:
    """The value of -initrd, for a QEMU that runs in module_folder()."""
    in_folder = module_folder(modules) is not None
    return ",".join(option_value(f"{Path(path).name if in_folder else Path(path).absolute()} {name}")
                    for name, path in modules.items())
