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
OVMF_32, VARIABLES_32 = Path("/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd"), Path("/usr/share/OVMF/OVMF32_VARS_4M.fd")
UEFI_FILES = {"64": {OVMF: "ovmf", Path("/usr/lib/grub/x86_64-efi"): "grub-efi-amd64-bin"},
              "32": {OVMF_32: "ovmf-ia32", Path("/usr/lib/grub/i386-efi"): "grub-efi-ia32-bin"}}
# Debian has the firmware of 32 bits with Secure Boot only, which needs the system management mode; no key is enrolled.
FIRMWARE_32 = ("-global", "driver=cfi.pflash01,property=secure,value=on",
               "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_32}",
               "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={VARIABLES_32}")
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
    """A PC with UEFI, of 64 bits or of 32."""
    bits: str

    def command(self, *where, **more) -> list[str]:
        words = super().command(*where, **more)
        if self.bits == "64":
            return ["qemu-system-x86_64", *words[1:], "-bios", str(OVMF)]
        machine = words.index("-machine") + 1
        words[machine] = words[machine].replace("pc", "q35,smm=on", 1)
        return [*words, *FIRMWARE_32]


@pytest.mark.parametrize("bits", UEFI_FILES)
def test_uefi(bits, bench, build, image):
    """GRUB for UEFI starts the kernel, too. There is no text mode: GRUB says so, and the shell is on the serial line only."""
    if missing := [package for file, package in UEFI_FILES[bits].items() if not file.exists()]:
        pytest.skip(f"not installed: {' '.join(missing)}")
    machine = rewired(bench.machine(memory="256M", firmware=SEABIOS, swap=None), ["-kernel", "-append", "-icount", "-rtc"],
                      ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={image}", *STICK, *VGA])
    uefi = Uefi(**vars(machine))
    uefi.bits = bits
    with uefi.start(2 * build.wall_seconds) as live:
        live.expect('name = "sh".\n$ ')
        live.type("hello\nexit\n")
        run = live.finish()
    bench.runs.append(run)
    run.lines.once("The shell of ucow is on the serial port, COM1, 115200 8N1.")
    run.lines.once(re.compile('^boot: option "screen=on" needs a VGA that shows text'))
    run.lines.in_order("hello pass.", *CLOSING)
    assert run.status == PASSED


def test_without_grub(build, tmp_path):
    """One sentence says what to install."""
    done = make(build.kernel, tmp_path / "ucow.iso", env={"PATH": "/nonexistent"})
    assert done.returncode != 0
    assert done.stderr.startswith("the disc image needs GRUB and what it calls: apt-get install grub-common xorriso mtools")
