# SPDX-License-Identifier: MIT
"""user/linux/linuxtls.c: a process's TLS descriptor is its own, whatever runs between its turns."""

from breakpoints import stopping
from ucow.machine import symbols_of

TLS_SELECTOR, TLS_ENTRY = 0x63, 0x60
NO_DESCRIPTOR = "0" * 16


def test_linuxtls(run, build):
    """Parent, child and thread read their own words through %gs; bad descriptors are refused."""
    build.need_linux()
    out = run("linuxtls")
    out.lines.once("linuxtls pass.")
    assert len(out.trace.all("fork")) == 4 + 160  # init, the program, its child, its thread, and one for each selector


def test_selector_goes_before_its_descriptor(bench, build):
    """An interrupt of the kernel loads %gs again, so there is no instruction at which %gs has no descriptor (D113)."""
    build.need_linux()
    build.need_functions("gdt_set_tls")
    kernel = symbols_of(build.kernel)
    function, descriptor = kernel.address("gdt_set_tls"), kernel.address("gdt") + TLS_ENTRY
    with stopping(bench, "linuxtls", at=[function]) as stops:
        ask = stops.debugger.ask
        for _ in stops:
            before = stops.registers()
            argument = ask(f"m{before['ESP'] + 4:x},8") if build.instrumented else f"{before['EDX']:08x}{before['EAX']:08x}"
            if before["GS"] == TLS_SELECTOR and argument == NO_DESCRIPTOR:
                break  # a process ends that uses %gs
        ask(f"z0,{function:x},1")
        seen = []
        while stops.registers()["ESP"] <= before["ESP"]:
            ask("s")
            seen.append((stops.registers()["GS"], ask(f"m{descriptor:x},8")))
        assert (TLS_SELECTOR, NO_DESCRIPTOR) not in seen
        assert seen[-1] == (0, NO_DESCRIPTOR)
