# SPDX-License-Identifier: MIT
"""Every command that a document shows is one that works, and that a test runs.

Commands of a ```console block are run as they are, by the test `sessions`. Of the others, the options are parsed by the
tool itself; the tests, suites, targets and build options that they name exist; the program that they run has a test of its own
name, or is run in that mode by a check of a lab; and each tool has a test that runs it (TESTED_BY), of searches that
take long a shorter form.
"""

import json
import os
import re
import shlex
import subprocess
import tomllib
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = re.compile(r"(?:[A-Z_]+=\S+ )*(?:tools/\w+|meson|ninja|qemu-system-i386)(?= |$)")
BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
COMMENT = re.compile(r"\s+#.*")
# The tests that run each tool; .ci/run runs tools/matrix itself.
TESTED_BY = {
    "tools/bench": ["bench", "growth", "linuxbench"], "tools/broken": ["broken"], "tools/cc": ["cc"],
    "tools/compare": ["plang"], "tools/configurations": ["options"],
    "tools/coverage": ["coverage"], "tools/fuzz": ["sysfuzz", "linuxfuzz", "crashme", "elfcases"], "tools/grade": ["grade"],
    "tools/handout": ["handout"], "tools/inject": ["inject"], "tools/inspect": ["gdb"], "tools/matrix": ["commands"],
    "tools/mistakes": ["mistakes"], "tools/model": ["model"], "tools/mutate": ["mutants-selftest"], "tools/pages": ["pages"],
    "tools/packages": ["editor"], "tools/planted": ["planted"], "tools/playground": ["playground"],
    "tools/run": ["run_tool", "replay", "gdb", "html"], "tools/site": ["site"],
    "tools/test": ["run_tool"], "tools/strace": ["strace"], "tools/trace": ["trace_tool"],
}


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md",
            *(path for folder in ("docs", "course") for path in sorted((ROOT / folder).rglob("*.md"))
              if path.parent.name != "reports")]


def shown(text: str) -> list[str]:
    """The commands in a document, but those of ```console blocks."""
    lines = []
    for _, language, block in BLOCK.findall(text):
        lines += block.replace("\\\n", " ").splitlines() if language != "console" else []
    text = BLOCK.sub("", text)
    for block in INDENTED.findall(text):
        lines += block.splitlines()
    lines += INLINE.findall(text)
    commands = (COMMENT.sub("", line.strip().removeprefix("$ ")) for line in lines)
    return [command for command in commands if TOOL.match(command) and " " in command]


@cache
def introspected(what: str) -> list[dict]:
    build = Path(os.environ.get("UCOW_BUILD", ROOT / "build"))
    done = subprocess.run(["meson", "introspect", f"--{what}", build], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@cache
def listed_tests() -> set[str]:
    return {test["name"] for test in introspected("tests")}


@cache
def modes() -> set[tuple[str, str]]:
    """The programs that checks of labs run, with the mode that each check asks for."""
    found = set()
    for path in (ROOT / "course").glob("*/lab.toml"):
        for check in tomllib.loads(path.read_text())["check"]:
            found.add(tuple(check["program"][:2]))
    return found


@cache
def options() -> dict[str, list[str]]:
    """Our options of Meson, and the values that each may have; empty for those of Meson."""
    found = {"buildtype": []}
    for name, rest in re.findall(r"^option\('(\w+)',(.*?)\)$", (ROOT / "meson_options.txt").read_text(), re.MULTILINE | re.DOTALL):
        listed = re.search(r"choices: \[(.*?)\]", rest, re.DOTALL)
        found[name] = re.findall(r"'(\w+)'", listed[1]) if listed else ["true", "false"]
    return found


def is_placeholder(word: str) -> bool:
    """Whether the reader puts something else there: NAME, or name and value in -Dname=value."""
    return word.isupper() or word == "name=value"


def check_option(setting: str) -> str:
    name, _, value = setting.partition("=")
    if is_placeholder(setting) or (name in options() and (value in options()[name] or not options()[name])):
        return ""
    return f"there is no option {setting}"


@cache
def help_of(tool: str) -> str:
    return subprocess.run([ROOT / tool, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout


def check_run(words: list[str]) -> str:
    """tools/run: its options, and the program."""
    while words:
        word = words.pop(0)
        if word == "-D":
            if wrong := check_option(words.pop(0)):
                return wrong
        elif word.startswith("-"):
            name = rf"{re.escape(word)}|{re.escape(word.split('=')[0])}=[A-Z]+" if "=" in word else re.escape(word)
            line = re.search(rf"(?:^|, ) *(?:{name})(?:, --\w+)?(?: [A-Z:]+)?(?=  )", help_of("tools/run"), re.MULTILINE)
            if not line:
                return f"tools/run has no option {word}"
            if "=" not in word and line[0].split()[-1].isupper():
                words.pop(0)
        elif "=" not in word or "/" in word:
            if "/" in word or is_placeholder(word) or word in listed_tests() or (word, *words[:1]) in modes():
                return ""
            return f"no test runs the program {word}"
    return ""


def check_meson(words: list[str]) -> str:
    verb, *rest = words
    names = iter(rest)
    if verb == "test" and rest and "-C" not in rest:
        return "meson test needs -C and a build directory"
    for word in names:
        if word.startswith("-D"):
            if wrong := check_option(word[2:]):
                return wrong
        elif word in ("-C", "-t", "--cross-file"):
            value = next(names)
            if word == "--cross-file" and not (ROOT / value).is_file():
                return f"there is no {value}"
        elif word == "--suite":
            suite = next(names)
            if not any(f"ucow:{suite}" in test["suite"] or suite in test["suite"] for test in introspected("tests")):
                return f"there is no suite {suite}"
        elif verb == "test" and word not in listed_tests() and not is_placeholder(word):
            return f"there is no test {word}"
        elif verb == "compile" and f"_target('{word}'" not in "".join(path.read_text() for path in ROOT.glob("*.build")):
            return f"there is no target {word}"
    return ""


def check_tool(tool: str, words: list[str]) -> str:
    """A tool in Python parses the words itself; one in shell has to list the options."""
    if (ROOT / tool).read_text().startswith("#!/bin/bash"):
        unknown = [word for word in words if word.startswith("-") and word not in help_of(tool)]
        return f"{tool} has no option {unknown[0]}" if unknown else ""
    loader = SourceFileLoader(f"shown_{Path(tool).name}", str(ROOT / tool))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    command = module.main
    if isinstance(command, click.Group):
        command, words = command.commands.get(words[0]), words[1:]
        if command is None:
            return f"{tool} has no such command"
    try:
        command.make_context(tool, words)
    except click.UsageError as error:
        wrong = error.format_message()
        return "" if re.search("does not exist|No such file", wrong) else wrong  # a file of the reader's
    return ""


def problem(command: str) -> str:
    """Why a command cannot be shown; empty if it can."""
    words = shlex.split(command)
    while re.match(r"[A-Z_]+=", words[0]):
        words.pop(0)
    tool, *rest = words
    if tool in ("meson", "qemu-system-i386", "ninja"):  # the test `boot` starts QEMU so
        return check_meson(rest) if tool == "meson" else ""
    if not set(TESTED_BY.get(tool, ["-"])) <= listed_tests():
        return f"no test runs {tool}"
    return check_run(rest) if tool == "tools/run" else check_tool(tool, rest)


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_shown(document):
    wrong = [f"{command}: {why}" for command in shown(document.read_text(encoding="utf-8")) if (why := problem(command))]
    assert not wrong, "\n".join(wrong)


def test_commands_are_found():
    text = "a `tools/run hello`, `tools/run` and `hello`\n\n```\ntools/trace x  # y\n$ meson test \\\n  map\nelse\n```\n\n    ninja -C build x\n" \
           "```console\n$ tools/pages x\n```\n"
    assert shown(text) == ["tools/trace x", "meson test    map", "ninja -C build x", "tools/run hello"]


@pytest.mark.parametrize("command, why", [
    ("tools/run -m 4M --swap 64M trace=off exit 1", ""), ("tools/run NAME", ""), ("tools/run ./my.elf a b", ""),
    ("tools/run nosuch", "no test runs the program nosuch"), ("tools/run forkmem nosuch 7", "no test runs the program forkmem"),
    ("tools/run --nosuch exit", "tools/run has no option --nosuch"), ("tools/run -D cow=maybe exit", "there is no option cow=maybe"),
    ("tools/trace --last 3 --pid 2 build/ram", ""), ("tools/trace --nosuch 3 build/ram", "No such option: --nosuch"),
    ("tools/trace --last some build/ram", "Invalid value for '--last': 'some' is not a valid integer range."),
    ("tools/trace", "Missing argument 'SOURCE...'."), ("tools/fuzz nosuch", "tools/fuzz has no such command"),
    ("tools/cc --nosuch hello.c", "tools/cc has no option --nosuch"), ("tools/nosuch x", "no test runs tools/nosuch"),
    ("meson test map", "meson test needs -C and a build directory"), ("meson test -C build nosuch", "there is no test nosuch"),
    ("meson test -C build --suite nosuch", "there is no suite nosuch"), ("meson setup b --cross-file cross/no.ini", "there is no cross/no.ini"),
    ("meson configure build -Dsched=nosuch", "there is no option sched=nosuch"), ("meson compile -C build nosuch", "there is no target nosuch"),
])
def test_problem(command, why):
    assert problem(command) == why
