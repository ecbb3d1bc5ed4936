# SPDX-License-Identifier: MIT
"""kernel/check/inject.c: operations fail on request, and the kernel handles each failure (D06, D10, D85).

A build with -Dinject=true runs a short form of `tools/inject --all`, and user/checks/failedcalls.c: a failed call has
no effect. Other builds refuse the request.
"""

import subprocess
import sys
from collections import Counter

import pytest
from calls import results, with_calls
from conftest import ROOT
from elf_files import Elf
from ucow import enums
from ucow.injection import check_sources

NO_DEV = -13


@pytest.fixture
def injecting(build):
    if not build.inject:
        pytest.skip("the kernel is built with -Dinject=false")


def test_refused_without_gates(run, build):
    """A kernel without injection reports it, and nothing fails; the system call returns an error."""
    if build.inject:
        pytest.skip("the kernel is built with -Dinject=true")
    out = run("hello", cmdline="inject=frame:1+")
    out.lines.once('boot: option "inject=frame:1+" needs a kernel built with -Dinject=true: ignored')
    out.lines.once("hello pass.")
    assert results(run("failedcalls", expect=35).trace, "inject") == [NO_DEV]


def test_unknown_program_is_refused(build):
    """tools/inject names the programs that there are, and boots nothing."""
    done = subprocess.run([sys.executable, ROOT / "tools/inject", "--elf", build.kernel, "nosuch"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("tools/inject: there is no program nosuch: there are ") and " hello " in done.stderr


@pytest.mark.parametrize("program", ["hello", "linuxpoints"])
def test_every_program_is_known(program):
    """Before a kernel is built, by its source: also one that makes the calls of Linux. (D131)"""
    check_sources(program)


@pytest.mark.parametrize("key", ["", "frame", "frame:", "frame:0", "frame:x", "frame:1x", "frame:1@", "frame:1@0",
                                 "frame:1@2+", "frame:9999999999", "frames:1", "Frame:1", "frame:-1"])
def test_bad_key_is_refused(run, injecting, key):
    out = run("hello", cmdline=f"inject={key}")
    line = next(line for line in out.lines if line.startswith("boot: "))
    assert line.startswith(f'boot: option "inject={key}" needs ') and line.endswith(": ignored")
    assert not out.trace.all("injected")


def test_kinds_are_those_of_the_trace(run, injecting, fmt):
    """The kernel and the tools know the same kinds."""
    said = next(line for line in run("hello", cmdline="inject=x:1").lines if line.startswith("boot: "))
    field = fmt.by_name["injected"].fields[0]
    kinds = enums.names("kind")
    assert len(kinds) >= 7 and [field.show(i) for i in range(len(kinds))] == kinds
    assert f"needs one of {' '.join(f'{kind}:N' for kind in kinds)}: ignored" in said


def test_second_plan_for_a_kind(run, injecting):
    """The first plan for a kind is used."""
    out = run("hello", cmdline="inject=usercopy:2 inject=usercopy:1")
    out.lines.once('boot: option "inject=usercopy:1" is a second plan for its kind: ignored')
    assert [event.nth for event in out.trace.all("injected")] == [2]


def test_once_and_onwards(run, injecting):
    """The nth operation fails, or the nth and all after it; several kinds at once."""
    once = run("hello", cmdline="inject=usercopy:2 inject=slot:1").trace.all("injected")
    onwards = run("hello", cmdline="inject=usercopy:2+").trace.all("injected")
    assert [(event.shown("kind"), event.nth) for event in once] == [("usercopy", 2)]
    assert [event.nth for event in onwards] == list(range(2, 2 + len(onwards))) and len(onwards) > 1


def test_only_in_one_process(run, injecting):
    """@PID counts and fails operations for that process only."""
    trace = run("exit", cmdline="inject=usercopy:1+@3").trace
    injected = trace.all("injected")
    assert {event.cpu_pid for event in injected} == {3} and injected[0].nth == 1
    assert len(trace.all("syscall_leave nr=write result=-3")) == len(injected)


def test_short_sweep(build, injecting):
    """The first failures of each kind in programs that fork, exec, map and swap."""
    build.need_trace()
    for words, most in ((["failpoints"], 6), (["exit"], 3)):
        done = subprocess.run([sys.executable, ROOT / "tools/inject", "--elf", build.kernel, "--most", str(most), *words],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def failures(trace) -> Counter:
    """The number of failures of each kind in each system call."""
    return Counter((inside.get(record.cpu_pid, "the program"), record.shown("kind"))
                   for record, inside in with_calls(trace, "injected"))


def test_failed_calls_leave_no_trace_behind(boot, injecting, tmp_path):
    """failedcalls checks memory, registers and errors; that each call failed at several places is seen here."""
    (tmp_path / "broken").write_bytes(Elf(magic=b"\x7fELG").file())
    with boot("failedcalls", "broken", "read", modules={"broken": tmp_path / "broken"}) as live:
        live.type("ten chars!")
        out = live.end()
    out.lines.once("failedcalls pass.")
    seen = failures(out.trace)
    for call in ("fork", "clone"):
        assert seen[call, "frame"] >= 1 and seen[call, "heap"] >= 5 and seen[call, "pid"] == 1
    assert seen["exec", "frame"] >= 5 and seen["exec", "heap"] >= 5 and seen["exec", "usercopy"] >= 10
    assert seen["mmap", "heap"] >= 6 and seen["munmap", "heap"] == 1 and seen["brk", "heap"] == 1
    for call in ("wait", "read", "write", "procs", "meminfo"):
        assert seen[call, "usercopy"] >= 1
