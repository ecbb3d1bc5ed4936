#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a disc image that boots ucow by GRUB: from a CD, or written to a USB stick as it is.

GRUB's files for the firmware of a PC (grub-pc-bin) have to be there; where those for UEFI are, too (grub-efi-amd64-bin,
grub-efi-ia32-bin for one of 32 bits), grub-mkrescue adds them.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOR_BIOS = "/usr/lib/grub/i386-pc"

# What grub-mkrescue calls, or takes files from: its package in Debian.
NEEDED = {"grub-mkrescue": "grub-common", "xorriso": "xorriso", "mformat": "mtools", FOR_BIOS: "grub-pc-bin"}

# The menu is for those who want to change the command line (key e). A PC's second disk is left alone: what is on it may be
# dear to its owner, though it begins with zeros. With UEFI, what GRUB prints stays on the screen: the kernel writes nothing there.
CONFIG = """\
set timeout=1
menuentry "ucow: a shell" {
    if [ "$grub_platform" = efi ]; then
        echo "This PC was started by UEFI, which leaves no text mode: the screen stays as it is now."
        echo "The shell of ucow is on the serial port, COM1, 115200 8N1."
        echo "For a shell on the screen, choose legacy boot (CSM) in the firmware, if it can."
    fi
    multiboot /boot/ucow.elf screen=on swap=off
}
"""

# All that the configuration needs; GRUB's fonts and translations would double the image.
MODULES = ["normal", "multiboot", "iso9660", "test", "echo"]
SMALL = ["--fonts=", "--locales=", "--themes="]


def missing() -> list[str]:
    """The packages that are not installed."""
    return [package for proof, package in NEEDED.items() if not (shutil.which(proof) or Path(proof).is_dir())]


def make(objcopy: str, kernel: str, iso: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        boot = Path(folder, "boot")
        (boot / "grub").mkdir(parents=True)
        (boot / "grub/grub.cfg").write_text(CONFIG, encoding="utf-8")
        subprocess.run([objcopy, "--strip-debug", kernel, boot / "ucow.elf"], check=True)
        partitions = Path(FOR_BIOS, "partmap.lst").read_text(encoding="utf-8").split()  # GRUB asks for all when it starts
        modules = f"--install-modules={' '.join(MODULES + partitions)}"
        done = subprocess.run(["grub-mkrescue", modules, *SMALL, "-o", iso, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stderr}grub-mkrescue could not make the image: its message is above")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("objcopy", help="llvm-objcopy, which leaves out what debuggers need")
    parser.add_argument("kernel", help="kernel/ucow.elf of a build directory")
    parser.add_argument("iso", help="the image to write")
    args = parser.parse_args()
    if packages := missing():
        sys.exit(f"the disc image needs GRUB and what it calls: apt-get install {' '.join(packages)}")
    make(args.objcopy, args.kernel, args.iso)


if __name__ == "__main__":
    main()
