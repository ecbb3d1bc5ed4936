# SPDX-License-Identifier: MIT
"""user/linux/linuxtls.c: a process's TLS descriptor is its own, whatever runs between its turns."""


def test_linuxtls(run, build):
    """Parent, child and thread read their own words through %gs; bad descriptors are refused."""
    build.need_linux()
    out = run("linuxtls")
    out.lines.once("linuxtls pass.")
    assert len(out.trace.all("fork")) == 4 + 160  # init, the program, its child, its thread, and one for each selector
