# SPDX-License-Identifier: MIT
"""user/console/unmapread.c: input that cannot be delivered is not lost. (D107)"""


def test_the_next_read_gets_it(boot):
    with boot("unmapread") as live:
        live.expect("type abc\n")
        live.type("abc")
        live.end().lines.once("unmapread pass.")
