# SPDX-License-Identifier: MIT
"""user/fuzz/elfcases.c: exec refuses exactly those of many malformed and unusual files that are not valid programs.

D39 to D43, D85: each field at its edges, overlaps, files truncated anywhere; the caller stays unchanged.
tools/ucow/elfcases.py decides from the rules what must be refused. `tools/fuzz elf` tries all of them.
"""

from ucow.elfcases import PER_BOOT, base, cases, faults, selection
from ucow.fuzz import elf


def test_a_selection(build):
    batch = elf(build.folder, selection(PER_BOOT))
    assert batch.wrong == [], batch.repeat
    assert batch.counts["executed"] > 20 and batch.counts["refused"] > 20


def test_there_are_enough():
    every = cases()
    assert len(every) >= 2000 and len({case.data for case in every}) == len(every)
    assert {len(case.data) for case in every} == set(range(len(base()) + 1))
    assert not faults(base())


def test_chance_adds_more_and_repeats():
    some = [case.data for case in cases(3000, seed=5)]
    assert len(some) == 3000 and some == [case.data for case in cases(3000, seed=5)]
    assert some != [case.data for case in cases(3000, seed=6)]
