# SPDX-License-Identifier: MIT
"""The disc image that GRUB boots (meson compile iso)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from qemu_options import Rewired, rewired
from screen import VGA, Screen
from ucow.machine import PASSED, SEABIOS
from ucow.verdict import CLOSING

MAKER = Path(__file__).parents[3] / "tools/build/boot_iso.py"
OVMF = Path("/usr/share/ovmf/OVMF.fd")
UEFI_FILES = {OVMF: "ovmf", Path("/usr/lib/grub/x86_64-efi"): "grub-efi-amd64-bin"}
STICK = ("-device", "qemu-xhci", "-device", "usb-storage,drive=stick,bootindex=0")


def make(kernel: Path, image: Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, MAKER, "llvm-objcopy", kernel, image], capture_output=True, text=True, check=False,
                          **options)


@pytest.fixture(scope="module")
def image(build, tmp_path_factory):
    path = tmp_path_factory.mktemp("iso") / "ucow.iso"
    done = make(build.kernel, path)
    if "apt-get install" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return path


def test_usb_stick(bench, image):
    """The image on a stick: the shell is on the screen, listens to the keyboard, and leaves the other disks alone."""
    drive = ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={image}", *STICK, *VGA]
    machine = rewired(bench.machine(memory="128M", firmware=SEABIOS), ["-kernel", "-append", "-icount", "-rtc"], drive)
    with machine.start() as live:
        live.expect("$ ")
        screen = Screen(live.qmp)
        screen.type("echo from the stick\n")
        live.expect("\nfrom the stick\n$ ")
        assert screen.shot().rows[0].startswith("ucow ") and "from the stick" in screen.shot().rows
        screen.type("exit\n")
        out = bench.judge(live.finish(), PASSED)
    out.lines.never(re.compile("^swap:"))  # the machine has a second disk


class Uefi(Rewired):
    """A PC with 64 bits and the firmware OVMF."""
    def command(self, *where, **more) -> list[str]:
        return ["qemu-system-x86_64", *super().command(*where, **more)[1:], "-bios", str(OVMF)]


def test_uefi(bench, build, image):
    """GRUB for UEFI starts the kernel, too. There is no text mode, and so the shell is on the serial line only."""
    if missing := [package for file, package in UEFI_FILES.items() if not file.exists()]:
        pytest.skip(f"not installed: {' '.join(missing)}")
    machine = rewired(bench.machine(memory="256M", firmware=SEABIOS), ["-kernel", "-append", "-icount", "-rtc"],
                      ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={image}", *STICK, *VGA])
    with Uefi(**vars(machine)).start(2 * build.wall_seconds) as live:
        live.expect('name = "sh".\n$ ')
        live.type("hello\nexit\n")
        run = live.finish()
    bench.runs.append(run)
    run.lines.once(re.compile('^boot: option "screen=on" needs a VGA that shows text'))
    run.lines.in_order("hello pass.", *CLOSING)
    assert run.status == PASSED


def test_without_grub(build, tmp_path):
    """One sentence says what to install."""
    done = make(build.kernel, tmp_path / "ucow.iso", env={"PATH": "/nonexistent"})
    assert done.returncode != 0
    assert done.stderr.startswith("the disc image needs GRUB and what it calls: apt-get install grub-common xorriso mtools")
