# SPDX-License-Identifier: MIT
"""user/linux/linuxprotect.c: mprotect() as Linux has it, on pages that are shared, in memory and on the disk. (P36, P37)"""

from host_linux import agrees


def test_linuxprotect(run, build, tmp_path):
    """Rights of private pages, shared ones and the program's own; and Linux says the same."""
    build.need_linux()
    out = run("linuxprotect", memory="64M")
    out.lines.once("linuxprotect pass.")
    assert len(out.trace.all("protect")) > 20
    agrees(build.folder / "user/linuxprotect", tmp_path)


def test_on_the_disk(run, build):
    """Pages that are evicted while they may be read, or not at all, come back with their bytes."""
    build.need_linux()
    build.need_swap()
    run("linuxprotect", "2", memory=build.room("16M"), cmdline="trace=off").lines.once("linuxprotect pass.")
