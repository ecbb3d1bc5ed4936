# SPDX-License-Identifier: MIT
"""user/linux/linuxedges.c: what calls return at the edges of their arguments is what docs/reports/linux.md says."""

import pytest
from ucow import LabError, host
from ucow.linux_edges import PAGE, edges_in, names, on_host, page, recorded


def test_the_page_is_true(run, build):
    """ucow returns what the page says, and so does the host's kernel if the page is about it."""
    build.need_linux()
    kernel, linux = recorded()
    if kernel == host.name():
        try:
            linux = [(call, names().get(value, str(value))) for call, value in on_host(build.folder)]
        except LabError:
            pass  # the page has what it returned elsewhere
    ucow = edges_in(run("linuxedges").lines.text)
    assert page(kernel, linux, ucow) == PAGE.read_text(), "out of date: tools/compare --edges writes it anew"


def test_a_difference_needs_a_reason():
    """And a reason needs a difference."""
    with pytest.raises(LabError, match="`kill.1, 2.` is EPERM on Linux 1.0, 0 on ucow, and nothing says why"):
        page("Linux 1.0", [("kill(1, 2)", "EPERM")], [("kill(1, 2)", 0)])
    with pytest.raises(LabError, match="has a reason to differ, and is the same"):
        page("Linux 1.0", [("munmap(KERNEL, PAGE)", "0")], [("munmap(KERNEL, PAGE)", 0)])
