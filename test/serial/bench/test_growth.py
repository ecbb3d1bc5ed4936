# SPDX-License-Identifier: MIT
"""user/bench/growth.c and tools/ucow/growth.py: each parameter is measured, and an exponent is fitted."""

import re
from math import log

import pytest
from ucow.growth import MOST, PARAMETERS, exponent
from ucow.verdict import problems

PROGRAM_FAILED = 35


@pytest.mark.parametrize("parameter", [parameter for parameter in PARAMETERS if parameter.name != "archive"],
                         ids=lambda parameter: parameter.name)
def test_measures(run, build, parameter):
    if parameter.name == "slots":
        build.need_swap()
    out = run("growth", parameter.name, "8", memory="32M", cmdline="trace=off")
    assert int(re.fullmatch(r"growth: \w+ \d+ = (\d+)", out.lines.once(re.compile("^growth: .* = ")))[1]) > 0
    out.lines.once("growth pass.")


def test_archive(build):
    """More programs come as boot modules."""
    parameter = next(parameter for parameter in PARAMETERS if parameter.name == "archive")
    run = parameter.make(build.kernel, parameter.sizes[0]).run(build.wall_seconds)
    try:
        assert not problems(run, traced=False)
        run.lines.once("growth pass.")
    finally:
        run.close()


def test_unknown_parameter(run):
    run("growth", "beards", "4", cmdline="trace=off", expect=PROGRAM_FAILED).lines.once(
        "    nothing to measure is called beards")


def test_exponents():
    """Costs that are constant, logarithmic, proportional and quadratic are told apart."""
    sizes = (100, 400, 1600, 6400)
    assert exponent(sizes, [500, 500, 500, 500]) == 0
    assert 0.03 < exponent(sizes, [1000 + 200 * log(size) for size in sizes]) < MOST["log"]
    assert abs(exponent(sizes, [3 * size for size in sizes]) - 1) < 1e-9
    assert exponent(sizes, [size**2 for size in sizes]) > MOST["proportional"]
