# SPDX-License-Identifier: MIT
"""kernel/planted/planted.def: every mistake is found by the check that claims to find it.

Each report names the function, the file and the line of the mistake, and where the memory was
allocated and freed; the run ends with the status of its kind. Mistakes that need a check which this kernel
lacks are not made here: `tools/matrix kasan_ubsan` makes those.
"""

import re

import pytest
from conftest import Build
from ucow.planted import Site, all_marks, mistakes

ALL = {mistake.name: mistake for mistake in mistakes()}
BUILD = Build.from_environment()


@pytest.mark.parametrize("name", [name for name, mistake in ALL.items() if BUILD.has_check(mistake.check)])
def test_is_found(run, name):
    out = run("hello", cmdline=f"selftest={name}", expect=ALL[name].status)
    missing = ALL[name].missing(list(out.lines))
    if BUILD.buildtype == "release":  # one function of it is part of another, with the lines of both
        missing = [lack for lack in missing if lack.startswith("no report says ")]
    assert missing == []


def test_names(run):
    """For an unknown name the kernel lists the known ones, and the run continues."""
    out = run("hello", cmdline="selftest=wibble")
    known = out.lines.once(re.compile('^selftest: there is no mistake "wibble"; there are: '))
    built = {name for name, mistake in ALL.items() if BUILD.has_check(mistake.check)}
    assert built <= set(known.partition("there are: ")[2].split()) <= set(ALL)
    out.lines.once("hello pass.")


def test_mistake_that_nobody_would_notice(run):
    """The kernel does not make a mistake that it cannot detect, and names the build that can."""
    check = next((check for check in ("kasan", "ubsan", "stack_protector") if not BUILD.has_check(check)), None)
    if check is None:
        pytest.skip("this kernel would notice")
    name = next(name for name, mistake in ALL.items() if mistake.check == check)
    out = run("hello", cmdline=f"selftest={name}")
    out.lines.once(f'selftest: only a kernel built with {check} notices "{name}"')
    out.lines.once("hello pass.")


def test_marks():
    """No line is marked for a mistake that does not exist."""
    assert set(all_marks()) == set(ALL)


def test_a_report_must_name_the_place():
    """The comparison rejects wrong reports: another line, another function, another message, none."""
    mistake = ALL["object_double_free"]
    place, taken = mistake.marks[""][0], mistake.marks["taken"][0]
    report = [f"    1 taken at {taken}", "kernel panic at kfree (kernel/mm/slab.c:9):", f"    {mistake.says}",
              f"  [0xc0100000] {place}"]
    assert mistake.missing(report) == []
    wrong = Site(place.function, place.file, place.line + 1)
    assert mistake.missing([line.replace(str(place), str(wrong)) for line in report]) != []
    assert mistake.missing([line.replace(place.function, "main") for line in report]) != []
    assert mistake.missing([line.replace(mistake.says, "is fine") for line in report]) != []
    assert mistake.missing(report[1:]) != []
    assert mistake.missing([]) != []
