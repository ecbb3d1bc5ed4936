# SPDX-License-Identifier: MIT
"""user/linux/linuxread.c: the first program of the machine reads lines, which are shown and can be corrected, up to ^D."""


def test_lines_up_to_an_end(boot, build):
    build.need_linux()
    with boot("linuxread") as live:
        live.expect("linuxread: reading.\n")
        live.type("ona\x7fe\rtwo\r\x04")
        out = live.end()
    for line in ("two", "linuxread: 4 bytes: one", "linuxread: 4 bytes: two", "linuxread: the last read returned 0."):
        out.lines.once(line)
