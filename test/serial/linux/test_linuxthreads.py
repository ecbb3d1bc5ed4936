# SPDX-License-Identifier: MIT
"""user/linux/linuxthreads.c: threads end with their process, and no wake-up of a futex is lost or given twice."""

from host_linux import agrees


def test_linuxthreads(run, build, tmp_path):
    """Each way to end, futexes with their errors, and Linux says the same."""
    build.need_linux()
    out = run("linuxthreads", memory="64M")
    out.lines.once("linuxthreads pass.")
    agrees(build.folder / "user/linuxthreads", tmp_path)
