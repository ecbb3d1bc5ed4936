# SPDX-License-Identifier: MIT
"""The style checks against sabotage: a clean tree passes, and each breach is found and named.

An option that no configuration builds (D74), or a pair of values that none has, is a breach.
"""
import io
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent

# Each pair of two compilers, three build types and one option.
CONFIGURATIONS = """\
# name, sets, words
default  covering
mix-1    covering  --clang 19 -D cow=false
mix-2    covering  -D buildtype=release -D cow=false -- -t 4
mix-3    covering  --clang 19 -D buildtype=release
mix-4    covering  -D buildtype=debug
mix-5    covering  --clang 19 -D buildtype=debug -D cow=false
"""

CLEAN = {
    "kernel/main.c": '/* main - boots. */\n#include "proc/proc.h"\n',
    "kernel/arch/i386/trap.c": '/* trap - the way in. */\n#include "sys/syscall.h"\n',
    "kernel/arch/i386/cpu.h": '/* cpu - instructions. */\nstatic inline void cpu_halt(void) { __asm__("hlt"); }\n',
    "kernel/proc/proc.h": '/* proc - processes. */\n#if CONFIG_TRACE\n#endif\nstruct proc;\n',
    "kernel/proc/fork.c": '/* fork - a child. Says asm ("and #if 0") here only. */\n#include "mm/page.h"\n',
    "kernel/mm/page.h": '/* page - frames. */\n#include "lib/list.h"\n',
    "kernel/lib/list.h": "/* list - lists. */\n",
    "meson_options.txt": "option('cow', type: 'boolean', value: true)\n",
    "tools/matrix": "#!/bin/bash\n#\n# matrix\n",
    "test/configurations": CONFIGURATIONS,
    "docs/defects.md": "| D01 | no panic |\n",
    "docs/map.md": "`struct proc` lives in `kernel/proc/proc.h`; `cpu_halt()` sleeps; see [page](../kernel/mm/page.h)\n",
    "docs/pages.md": "| P01 | a page | `cpu_halt` |\n",
    "docs/from-ucore.md": "| halt | `cpu_halt` |\n",
    "docs/follow/halt.md": '`cpu_halt`\n\n```c title="kernel/proc/proc.h"\n#if CONFIG_TRACE\n/* ... */\nstruct proc;\n```\n',
    "docs/zh/from-ucore.md": "| 停机 | `cpu_halt` |\n",
    "test/serial/test_a.py": '"""a (D01, P01)"""\n',
    "README.md": "[![ci](../../actions/workflows/ci.yml/badge.svg)](../../actions/workflows/ci.yml)\nRun `tools/matrix`, read [the map](docs/map.md).\n```\n`tools/nothing`\n```\n",
}

BREACHES = [
    ("layers", "kernel/mm/page.h", '/* page */\n#include "proc/proc.h"\n', 'page.h:2: mm may not include "proc/proc.h"'),
    ("layers", "kernel/lib/list.h", '/* list */\n#include "arch/i386/cpu.h"\n', "list.h:2: lib may not include"),
    ("layers", "kernel/dev/uart.c", '/* uart */\n#include "watch/panic.h"\n', "uart.c:2: dev may not include"),
    ("layers", "kernel/watch/trace.c", '/* trace */\n#include "check/hooks.h"\n', "trace.c:2: watch may not include"),
    ("layers", "kernel/mm/page.c", '/* page */\n#include "check/inject.h"\n', "page.c:2: mm may not include"),
    ("layers", "kernel/proc/init.c", '/* init */\n#include "planted/planted.h"\n', "init.c:2: proc may not include"),
    ("layers", "kernel/proc/fork.c", "/* fork */\nint f = CONFIG_SWAP;\n", "fork.c:2: CONFIG_SWAP in a .c"),
    ("layers", "kernel/fs/bootfs.c", '/* bootfs */\n# include "mm/page.h"\n', "bootfs.c:2: fs may not include"),
    ("layers", "kernel/proc/fork.c", "/* fork */\n\n#ifdef X\n#endif\n", "fork.c:3: no #if in a .c"),
    ("layers", "kernel/proc/fork.c", '/* fork */\nvoid f(void) { asm volatile("nop"); }\n', "fork.c:2: assembler"),
    ("layers", "kernel/proc/fork.c", "/* fork */\n" * 501, "longer than 500 lines"),
    ("layers", "kernel/proc/fork.c", "int bare;\n", "fork.c:1: opens without saying"),
    ("layers", "test/serial/test_a.py", "import sys\n", "test_a.py:1: opens without saying"),
    ("layers", "kernel/vfs/vfs.c", "/* vfs */\n", "kernel/vfs is no layer"),
    ("defects", "docs/defects.md", "| D01 | a |\n| D02 | b |\n", "D02 has no test"),
    ("defects", "docs/defects.md", "| D01 | a |\n| D01 | b |\n", "D01 stands there twice"),
    ("defects", "test/serial/test_a.py", '"""a (D01, P01, D99)"""\n', "cites D99"),
    ("defects", "docs/pages.md", "| P01 | a |\n| P02 | b |\n", "docs/pages.md: P02 has no test"),
    ("defects", "test/serial/test_a.py", '"""a (D01, P01, P99)"""\n', "cites P99, which docs/pages.md"),
    ("docs --map", "docs/pages.md", "| P01 | a | `cpu_holt` |\n", "pages.md:1: nothing in the sources is called cpu_holt"),
    ("docs --map", "docs/from-ucore.md", "| halt | `cpu_holt` |\n", "ucore.md:1: nothing in the sources is called cpu_holt"),
    ("configurations", "meson_options.txt", "option('cow', type: 'boolean', value: true)\n"
     "option('trace', type: 'boolean', value: true)\n", "has clang=14 and trace=false: run tools/configurations"),
    ("configurations", "test/configurations", CONFIGURATIONS.replace("mix-1 ", "# "),
     "has buildtype=debugoptimized and clang=19"),
    ("configurations", "test/configurations", CONFIGURATIONS.replace("mix-1    covering", "mix-1    named"),
     "has buildtype=debugoptimized and clang=19"),
    ("configurations", "test/configurations", "mix-1 covering -D gone=1\n", "mix-1 sets gone, which is no option"),
    ("configurations", "test/configurations", "mix-1 covering -D cow=maybe\n", "mix-1 gives cow a value that it does not"),
    ("configurations", "meson_options.txt", "option('cow', type: 'boolean', value: true)\n"
     "option('kcfi', type: 'boolean', value: true)\n", "default contradicts itself"),
    ("docs", "docs/follow/halt.md", '```c title="kernel/proc/proc.h"\nstruct proc;\n/* ... */\n#if CONFIG_TRACE\n```\n',
     "halt.md:2: kernel/proc/proc.h does not have these lines, or not in this order: #if CONFIG_TRACE"),
    ("docs", "docs/follow/halt.md", '```c title="kernel/proc/proc.h"\n#if CONFIG_TRACE\nstruct proc;\n```\n',
     "halt.md:2: kernel/proc/proc.h does not have these lines"),
    ("docs", "docs/follow/halt.md", '```c title="kernel/proc/proc.h"\n```\n', "halt.md:2: kernel/proc/proc.h does not have these"),
    ("docs", "docs/follow/halt.md", '```c title="kernel/proc/gone.h"\nint x;\n```\n', "halt.md:2: there is no kernel/proc/gone.h to quote"),
    ("docs", "docs/zh/from-ucore.md", "| 停机 | `cpu_halt` |\n| 新行 | |\n",
     "docs/zh/from-ucore.md:1: its rows of tables are not those of docs/from-ucore.md, from number 2 on: '3' for 'None'"),
    ("docs", "docs/zh/from-ucore.md", "# 标题\n| 停机 | `cpu_halt` |\n", "its headings are not those of docs/from-ucore.md, from number 1"),
    ("docs", "docs/zh/from-ucore.md", "| 停机 | `cpu_sti` |\n", "its words in backticks are not those of docs/from-ucore.md"),
    ("docs", "docs/from-ucore.md", "| halt | `cpu_halt` |\n\n```\nhlt\n```\n", "its code blocks are not those of docs/from-ucore.md"),
    ("docs", "README.md", "| promise | today |\n|---|---|\n| a | 2 [pages](docs/pages.md) 12 |\n", "README.md:3: docs/pages.md does not have the figure 12"),
    ("docs", "README.md", "| promise | today |\n|---|---|\n| a | 2 [pages](docs/pages.md) 01 |\n", "README.md:3: docs/pages.md does not have the figure 01"),
    ("docs", "docs/zh/pages2.md", "页\n", "docs/zh/pages2.md:1: there is no docs/pages2.md of which this is the translation"),
    ("docs --map", "docs/follow/halt.md", "`cpu_holt`\n", "halt.md:1: nothing in the sources is called cpu_holt"),
    ("docs", "SECURITY.md", "| a | b |\n|---|---|\n| `c \\| d` | e |\n| `f | g` | h |\n", "SECURITY.md:4: this row of a table has 3 cells, the row above it 2"),
    ("docs", "README.md", "[map](docs/mop.md)\n", "README.md:1: the link to docs/mop.md leads nowhere"),
    ("docs", "README.md", "[ci](../../nowhere/ci.yml)\n", "README.md:1: the link to ../../nowhere/ci.yml leads nowhere"),
    ("docs", "SECURITY.md", "[map](docs/mop.md)\n", "SECURITY.md:1: the link to docs/mop.md leads nowhere"),
    ("docs", "docs/map.md", "\n`tools/nothing`\n", "map.md:2: there is no tools/nothing"),
    ("docs --map", "docs/map.md", "`cpu_holt()`\n", "map.md:1: nothing in the sources is called cpu_holt"),
]


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(check, root):
    """Run a check as a program, but in this interpreter: sixty of their own would take longer than the checks."""
    script, *words = check.split()
    program, words = HERE / f"{script}.py", [*words, str(root)]
    if script == "configurations":
        program, words = HERE.parents[1] / "tools/configurations", ["--check", str(root)]
    printed, status = io.StringIO(), 0
    with redirect_stdout(printed), redirect_stderr(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(program), *words])
        patch.syspath_prepend(program.parent)
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as end:  # with a status, or with a sentence and then status 1
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code)
    return SimpleNamespace(returncode=status, stdout=printed.getvalue())


@pytest.fixture
def tree(tmp_path):
    for name, text in CLEAN.items():
        write(tmp_path, name, text)
    return tmp_path


@pytest.mark.parametrize("check", ["layers", "defects", "configurations", "docs", "docs --map"])
def test_a_clean_tree_passes(check, tree):
    result = run(check, tree)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("check, name, text, sentence", BREACHES)
def test_a_breach_is_named(check, name, text, sentence, tree):
    write(tree, name, text)
    result = run(check, tree)
    assert result.returncode == 1 and sentence in result.stdout, result.stdout


LICENSED = {
    "kernel/a.c": "/* SPDX-License-Identifier: MIT */\n/* a */\n",
    "meson.build": "# SPDX-License-Identifier: MIT\n",
    "tools/a": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n",
    "tools/a.py": '# SPDX-License-Identifier: MIT\n"""a"""\n',
    "test/data": "not a source\n",
}


@pytest.mark.parametrize("name, text, sentence", [
    (None, "", ""),
    ("kernel/a.c", "/* a */\n", "kernel/a.c:1: this line must be: /* SPDX-License-Identifier: MIT */\n"),
    ("kernel/a.c", "/* SPDX-License-Identifier: GPL-2.0 */\n", "kernel/a.c:1: this line must be: /* SPDX-License-Identifier: MIT */\n"),
    ("tools/a", "#!/bin/sh\n# a\n", "tools/a:2: this line must be: # SPDX-License-Identifier: MIT\n"),
    ("tools/a.py", '"""a"""\n', "tools/a.py:1: this line must be: # SPDX-License-Identifier: MIT\n"),
    ("meson.build", "project('a')\n", "meson.build:1: this line must be: # SPDX-License-Identifier: MIT\n"),
])
def test_license(name, text, sentence, tmp_path):
    for path, content in LICENSED.items():
        write(tmp_path, path, text if path == name else content)
    result = run("license", tmp_path)
    assert (result.returncode, result.stdout) == (1 if sentence else 0, sentence)


# Files of a kernel that calls downward only, but for a panic() and two files that call each other.
CALLS = {
    "lib_list.c": "int list(void) { return 0; }",
    "arch_i386_cpu.c": "int panic(void); int cpu(void) { return panic(); }",
    "arch_i386_trap.c": "int proc(void); int trap(void) { return proc(); }",
    "watch_panic.c": "int list(void); int panic(void) { return list(); }",
    "mm_page.c": "int slab(void); int page(void) { return slab(); }",
    "mm_slab.c": "int page(void), panic(void); int slab(void) { return page() + panic(); }",
    "proc_proc.c": "int page(void); extern int limit; int proc(void) { return page() + limit; }",
    "sys_syscall.c": "int proc(void); int limit; int syscall(void) { return proc(); }",
    "main.c": "int syscall(void); int kmain(void) { return syscall(); }",
}


def ring(n):
    """n files of mm/, each of which calls the next."""
    return {f"mm_{i}.c": f"int f{(i + 1) % n}(void); int f{i}(void) {{ return f{(i + 1) % n}(); }}" for i in range(n)}


@cache
def compiled(text, flags):
    """The object file of a C source."""
    return subprocess.run(["clang", "--target=i386-unknown-linux-gnu", "-ffreestanding", "-c", *flags, "-xc", "-", "-o", "-"],
                          input=text.encode(), stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize("files, sentence, flags", [
    ({"proc_proc.c": "int page(void); int proc(void) { return page(); }"}, None, ()),
    ({}, "kernel/proc/proc.c uses limit of kernel/sys/syscall.c, which lies above it", ("-flto",)),
    ({"proc_proc.c": "int proc(void) { return 0; }", "mm_page.c": "int proc(void); int page(void) { return proc(); }"},
     "kernel/mm/page.c uses proc of kernel/proc/proc.c, which lies above it", ()),
    ({"proc_proc.c": "int proc(void) { return 0; }"} | ring(6), None, ()),
    ({"proc_proc.c": "int proc(void) { return 0; }"} | ring(7), "7 files use each other, more than 6: mm/0.c mm/1.c", ()),
], ids=["clean", "variable-lto", "call", "six", "seven"])
def test_calls(files, sentence, flags, tmp_path):
    folder = tmp_path / "kernel/libkernel.a.p"
    folder.mkdir(parents=True)
    for name, text in (CALLS | files).items():
        (folder / f"{name}.o").write_bytes(compiled(text, flags))
    subprocess.run(["llvm-ar", "rcsT", tmp_path / "kernel/libkernel.a", *sorted(folder.iterdir())], check=True)
    result = run("calls", tmp_path)
    assert result.returncode == (1 if sentence else 0), result.stdout
    assert sentence is None or sentence in result.stdout
