# SPDX-License-Identifier: MIT
"""user/fuzz/plang.c: programs that hypothesis generates have the results that tools/ucow/plang/oracle.py predicts.

Every configuration of tools/matrix runs the same programs, so kernels that copy pages and kernels that share them
must agree. tools/compare runs many more, on several kernels side by side.
"""

import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: apt-get install python3-hypothesis")

from ucow import LabError
from ucow.plang import batch
from ucow.plang.batch import examine, host_of, settings_of
from ucow.plang.generate import WEIGHTS, programs
from ucow.plang.language import STATEMENTS, PlangError, parse
from ucow.plang.oracle import Page, fresh, translate
from ucow.plang.reduce import explain, reduce

COUNT, SEED = 200, 0


@pytest.fixture(scope="session")
def made():
    return programs(COUNT, SEED)


@pytest.fixture(scope="session")
def made_for_linux():
    return programs(COUNT, SEED, linux=True)


def setting_of(build, swapping: bool, linux: bool = False):
    found = settings_of(build.folder, linux=linux)
    if swapping and len(found) == 1:
        pytest.skip("the kernel is built with -Dswap=false")
    return found[swapping]


@pytest.mark.parametrize("swapping", [False, True], ids=["plain", "swapping"])
def test_programs_come_to_what_the_model_says(build, made, swapping):
    setting = setting_of(build, swapping)
    if wrong := examine(setting, made):
        first = min(wrong)
        pytest.fail(f"{len(wrong)} of {COUNT} programs; one of them made small:\n"
                    f"{explain(setting, made[first], wrong[first])}", pytrace=False)


@pytest.mark.parametrize("where", ["host", "plain", "swapping"])
def test_as_on_linux(build, made_for_linux, where):
    """The interpreter with the calls of Linux: on the host's kernel, and on this one's second table."""
    build.need_linux()
    setting = host_of(build.folder) if where == "host" else setting_of(build, where == "swapping", linux=True)
    try:
        wrong = examine(setting, made_for_linux)
    except LabError as error:
        pytest.skip(str(error))
    if wrong:
        first = min(wrong)
        pytest.fail(f"{len(wrong)} of {COUNT} programs; one of them made small:\n"
                    f"{explain(setting, made_for_linux[first], wrong[first])}", pytrace=False)


def test_every_statement_is_tried(made):
    assert {op.name for program in made for op in program.ops} == set(STATEMENTS)


def test_a_seed_repeats():
    def ops(seed):
        return [program.ops for program in programs(5, seed)]
    assert ops(SEED) == ops(SEED) != ops(SEED + 1)


def test_text_is_read_back(made):
    for program in made:
        again = translate(parse(program.text()))
        assert (again.ops, again.code) == (program.ops, program.code)


# A program, and for each process what its statements come to: said here by hand, not by the model.
BY_HAND = {
    "a child's copy is its own": ("""
        write b0.1 5
        fork 1 {
          read b0.1
          write b0.1 6
          read b0.1
          exit -7
        }
        wait 1 into b0.2
        read b0.1
        read b0.2
        """, {"0": [0, 5, -7], "0.1": [5, 6]}),
    "shared memory is shared": ("""
        mmap m3+2 shared
        fork 1 {
          write m4.3 9
        }
        wait 1
        read m4.3
        """, {"0": [0, 0, 0, 9], "0.1": []}),
    "what is given back and taken again is empty": ("""
        brk 2
        write h1.0 3
        brk 1
        brk 2
        read h1.0
        """, {"0": [2, 1, 2, 0]}),
    "a wait that cannot store the code has waited": ("""
        mmap m6 shared
        fork 1 {
          yield 7
          write m6.0 1
        }
        wait 1 into h1.0
        """, {"0": [0, -3], "0.1": []}),
    "a break does not move down over nothing": ("""
        brk 3
        munmap h1+2
        brk 1
        brk 0
        """, {"0": [3, 0, 3, 0]}),
    "the dead": ("""
        fork 1 {
          write m0.0 1
        }
        doomed 2 {
          exit 5
        }
        kill 2
        wait 2
        wait 2
        waitall
        noexec
        """, {"0": [0, -9, -2, 1, -9, -16]}),
    "exec begins anew": ("""
        write d0.0 1
        fork 3 {
          exit 4
        }
        exec {
          read d0.0
          wait 3
        }
        """, {"0": [0xd000, 0, 4], "0.3": []}),
    "a thread shares": ("""
        thread 1 {
          munmap b0
          write s1.2 8
          exit 3
        }
        read s1.2
        fork 2 {
          read b0.0
        }
        wait 2
        """, {"0": [3, 8, 0, -9], "0.1": [0]}),
}


def test_by_hand(build):
    by_hand = [translate(parse(text)) for text, _ in BY_HAND.values()]
    for program, (name, (_, expected)) in zip(by_hand, BY_HAND.items()):
        for process in program.processes:
            values = [value if value < 1 << 31 else value - (1 << 32) for value, _ in process.reports]
            wanted = expected.get(process.name)
            assert values == [] if wanted is None else values[:-1] == wanted, f"{name}: process {process.name}"
    for linux in [False, True][:1 + build.linux]:
        assert examine(setting_of(build, False, linux), by_hand) == {}


REFUSED = {
    "is no statement": "fork {\n}\n",
    "m8+5": "mmap m8+5 shared\n",
    "closes nothing": "}\n",
    "are not closed": "exec {\n",
    "no such child": "wait 1\n",
    "give this one another number": "fork 1 {\n}\nfork 1 {\n}\n",
    "is not doomed": "fork 1 {\n}\nkill 1\n",
    "at the same time": "mmap m0 shared\nfork 1 {\n write m0.0 1\n}\nread m0.0\n",
    "before or after it": "mmap m0 shared\ndoomed 1 {\n write m0.0 1\n}\n",
    "threads in threads": "thread 1 {\n thread 1 {\n thread 1 {\n}\n}\n}\n",
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_determinate_program_is_refused(why):
    with pytest.raises(PlangError) as refusal:
        translate(parse(REFUSED[why]))
    assert why in str(refusal.value)


def test_a_difference_is_found_and_made_small(build, monkeypatch):
    """With a model that forgets what a child inherits, each kernel differs from it, and the example is small."""
    monkeypatch.setattr(Page, "inherited", lambda page: fresh(page.kind))
    program = translate(parse("brk 3\nwrite h2.1 5\nmmap m2+3 shared\nfork 1 {\n thread 2 {\n  write h0.0 6\n }\n}\n"
                              "doomed 3 {\n write d0.0 1\n}\nkill 3\nwaitall\n"))
    small, copies, what = reduce(setting_of(build, False), program)
    assert (small.text(), copies, what.where) == ("fork 1 {\n}\n", 1, "0.1")


def test_a_machine_that_ends_badly_is_put_down_to_its_program(build, made, monkeypatch):
    monkeypatch.setattr(batch, "run", lambda _, tried, jobs: ({}, "panic" if made[5] in tried else ""))
    assert list(examine(setting_of(build, False), made)) == [5]
    monkeypatch.setattr(batch, "run", lambda _, tried, jobs: ({}, "panic" if len(tried) == COUNT else ""))
    assert "with the 199 programs behind it" in str(examine(setting_of(build, False), made)[0])
