# SPDX-License-Identifier: MIT
"""user/linux/linuxedges.c, linuxcalls.c: what calls return at the edges of their arguments is what docs/reports/linux.md says."""

import pytest
from ucow import LabError, host
from ucow.linux_edges import PAGE, edges_in, linux_now, page, recorded, rows_in
from ucow.strace import LINUX, parameters

LEFT_OUT = {"read.fd", "read.buf", "read.n"}


def test_the_page_is_true(run, build):
    """ucow returns what the page says, and so does the host's kernel if the page is about it."""
    build.need_linux()
    kernel, linux, rows = recorded()
    if kernel == host.name():
        try:
            kernel, linux, rows = linux_now(build.folder)
        except LabError:
            pass  # the page has what it returned elsewhere
    by_hand = edges_in(run("linuxedges").lines.text)
    every = rows_in(run("linuxcalls", cmdline="trace=off").lines.text)
    assert page(kernel, linux, by_hand, rows, every) == PAGE.read_text(), "out of date: tools/compare --edges writes it anew"


def test_every_argument_has_edges():
    """A new line of linux.def has a row on the page for each argument."""
    declared = {".".join([name.removeprefix(LINUX), argument]).rstrip(".") for name, arguments in parameters().items()
                if name.startswith(LINUX) for _, argument in arguments or [("", "")]}
    assert declared - LEFT_OUT == set(recorded()[2]), "tools/compare --edges renews docs/reports/linux.md"


def test_a_difference_needs_a_reason():
    """And a reason needs a difference."""
    with pytest.raises(LabError, match="`kill.1, 2.` is EPERM on Linux 1.0, 0 on ucow, and nothing says why"):
        page("Linux 1.0", [("kill(1, 2)", "EPERM")], [("kill(1, 2)", 0)], {}, {})
    with pytest.raises(LabError, match="`kill.sig` is 0 on Linux 1.0 and EINVAL on ucow, and nothing says why"):
        page("Linux 1.0", [], [], {"kill.sig": ("number", {"max": "0"})}, {"kill.sig": ("number", {"max": "EINVAL"})})
    with pytest.raises(LabError, match="has a reason to differ, and is the same"):
        page("Linux 1.0", [("munmap(KERNEL, PAGE)", "0")], [("munmap(KERNEL, PAGE)", 0)], {}, {})
