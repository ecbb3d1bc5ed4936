# SPDX-License-Identifier: MIT
"""user/life/samepid.c: the verdict is the first program's exit code, whichever process has its pid later. (D90)"""

import pytest
from ucow.machine import PASSED, PROGRAM_FAILED

FIRST = 2
FEW_PIDS = "max_procs=16"


@pytest.mark.parametrize("code, later, status", [(5, 0, PROGRAM_FAILED), (0, 7, PASSED), (5, 7, PROGRAM_FAILED)])
def test_verdict(run, code, later, status):
    out = run("samepid", str(code), str(later), cmdline=FEW_PIDS, expect=status)
    said = [line for line in out.lines if line.startswith("init: program")]
    assert said == ([f'init: program "samepid" ended with exit code {code}.'] if code else [])
    ends = [end.code for end in out.trace.all("exit", pid=FIRST)]
    assert ends == [code, later], f"pid {FIRST} was used twice, and ended with {ends}"
