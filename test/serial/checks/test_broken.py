# SPDX-License-Identifier: MIT
"""A failing test explains itself: kernels that are broken, each in one line, and what a test that fails for it prints.

`tools/broken` tries all of test/broken.toml, as .ci/run does; here is one.
"""

import pytest
from test_mistakes import plain  # noqa: F401 the fixture
from ucow.broken import broken_kernels, current, message_of

FEW = ["always-copies"]


@pytest.mark.parametrize("broken", [broken for broken in broken_kernels() if broken.name in FEW], ids=lambda broken: broken.name)
def test_message_is_whole(plain, broken):  # noqa: F811
    plain.need_trace()
    if not plain.shares_tables or not plain.swap:
        pytest.skip("the messages are those of a kernel with the default options")
    message = message_of(broken, plain.folder)
    missing = broken.missing(message)
    assert not missing, f"the message lacks {missing}:\n{message}"


def test_document_is_current():
    """docs/failures.md has a part for each broken kernel of the list, which quotes the sources as they are."""
    assert current(), "docs/failures.md is out of date: run tools/broken"
