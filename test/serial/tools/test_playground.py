# SPDX-License-Identifier: MIT
"""tools/playground: the kernel runs in a browser, and the page says what its memory says.

The tests need Chromium, Node.js and the two npm packages, which `tools/playground --no-serve` has fetched once; else they
skip, or fail if UCOW_NEEDS_BROWSER is set, as in the workflow's job `playground`. They take the kernel of the build under test.
"""

import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import REQUIRED, Browser, browsing, chromium, missing
from ucow import LabError, playground
from ucow.memory import FileMemory
from ucow.pages import Guest
from ucow.symbols import Lines
from ucow.trace import decode, read_ring

ROOT = Path(__file__).resolve().parents[3]
TOOL, PACKAGES = ROOT / "tools/playground", ROOT / "build/playground-npm"
VERDICT = "document.getElementById('verdict')"
CODE = range(0x800020, 0x800020 + 2000, 16)  # addresses in a program
LINES_OF = """playground._linesOf("%s").then((program) => {
  return %s.map((address) => program.where(address)).map(({name, file, line}) => `${name} ${file.split("/").pop() || "??"}:${line}`);
})"""
MEMORY = """(async () => {
  const memory = new Blob([playground.machine.memory(0, playground.site.memory).slice()]), reader = new FileReader();
  const packed = await new Response(memory.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  return new Promise((done) => {
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(packed);
  });
})()"""


@pytest.fixture(scope="module")
def site(build, tmp_path_factory) -> Path:
    """The folder with the kernel under test, two folders deep in one whose name has a blank."""
    build.need_trace()
    build.need_plain("a kernel in an emulator")
    if not chromium():
        missing("chromium is not installed: apt-get install chromium")
    if not shutil.which("node"):
        missing("node is not installed: apt-get install nodejs npm")
    if not (PACKAGES / "fetched").is_file():
        missing("the npm packages are not here: tools/playground --no-serve fetches them")
    site = tmp_path_factory.mktemp("a host") / "some/where"
    done = subprocess.run([sys.executable, TOOL, "--no-serve", "--build", build.folder, "--output", site], capture_output=True, text=True)
    assert done.returncode == 0 and "static files" in done.stderr, done.stderr
    return site


@pytest.fixture(scope="module")
def host(site) -> Iterator[ThreadingHTTPServer]:
    """A server of the folder two levels above."""
    handler = partial(playground.Handler, directory=str(site.parents[1]))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(host) -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def tab(browser, host):
    """tab(link): the playground in a browser that has kept nothing, with a machine that runs or has run."""
    url = f"http://127.0.0.1:{host.server_address[1]}/some/where/"

    def opened(link: str = "", keeps: bool = False) -> Browser:
        browser.open("about:blank")
        if not keeps:
            browser.ask("Storage.clearDataForOrigin", origin=url.split("/some")[0], storageTypes="all")
        browser.open(url + link)
        browser.wait("window.page && window.playground.machine")
        return browser
    return opened


def typed(browser: Browser, text: str):
    """Type a line in the terminal."""
    browser.run("playground.terminal.focus()")
    for letter in text:
        browser.press(letter)
    browser.press("Enter")


def run_program(browser: Browser, words: str) -> str:
    """Run a program to its end; returns the verdict."""
    browser.run(f"document.getElementById('program').value = {json.dumps(words)}; document.getElementById('go').click()")
    browser.wait("playground.run && !playground.shell && playground.verdict")
    return browser.run(f"{VERDICT}.textContent")


def memory_of(browser: Browser, path: Path) -> FileMemory:
    """The memory of the emulator, which stands still."""
    path.write_bytes(gzip.decompress(base64.b64decode(browser.run(MEMORY))))
    return FileMemory(path)


def test_shell(tab, host):
    """The prompt is there at once; forktest, typed, passes, and the tree shows its 32 children. The page asks for nothing of
    another place, and breaks no rule of its Content-Security-Policy."""
    browser = tab()
    assert browser.run("playground.terminal.text").endswith("\r\n$ ")
    typed(browser, "forktest")
    browser.wait("playground.terminal.text.includes('forktest pass.')")
    browser.wait("page.lead.lives.all.filter((life) => life.parent && life.parent.nameAt(Infinity) === 'forktest').length === 32")
    assert browser.complaints == []
    place = f"http://127.0.0.1:{host.server_address[1]}/some/where/"
    assert browser.requests and all(url.startswith((place, "blob:", "data:")) for url in browser.requests), browser.requests
    browser.run("fetch('http://127.0.0.1:9/').catch(() => {})")
    assert "Content Security Policy" in browser.complaints[0]


def test_end_of_the_shell(tab):
    """^D ends the shell: the kernel checks its memory, and the page says that all passed."""
    browser = tab()
    browser.run("playground.machine.type('\\x04')")
    browser.wait("playground.verdict")
    assert browser.run(f"[{VERDICT}.textContent, {VERDICT}.className]") == ["all passed", "good"]
    assert browser.run("playground.terminal.text").endswith("init check memory pass.\r\n")


@pytest.mark.parametrize("program", ["exit", "divzero", "nosuch"])
def test_verdict(program, tab, build):
    """The verdict is the status and the sentence of tools/run; the line of the source is below it."""
    browser = tab()
    told = run_program(browser, program)
    done = subprocess.run([ROOT / "tools/run", "--build", build.folder, *program.split()], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    reason = done.stderr.strip().removeprefix("tools/run: ").split("; there are ")[0]
    place = re.search(r" in (\w+), (\w+\.c:\d+)$", reason)
    assert bool(place) == (program == "divzero")
    if place:
        reason = reason.removesuffix(place[0])
        where = f"pid 2 \"{program}\" died: Divide error, in {place[1]}, user/lab5/{place[2]}"
        browser.wait("document.getElementById('deaths').textContent.includes(', in ')")
        assert browser.run("document.getElementById('deaths').textContent") == where
        elf = Lines(build.folder / "user/divzero.elf")
        told_lines = browser.run(LINES_OF % (program, [*CODE]))
        assert told_lines == [elf.where(address) for address in CODE]
    assert told == ": ".join(filter(None, [playground.statuses()[done.returncode], reason]))


NO_VERDICT = "the machine ended without a verdict: the kernel ended "
SENTENCES = [
    (0x12, "ucow 0\nkernel panic at a.c:1:\n    something\n", "the kernel panicked: kernel panic at a.c:1: something"),
    (0x13, "ucow 0\nkernel check failed: a leak\n", "a check of the kernel failed: kernel check failed: a leak"),
    (0x13, "ucow 0\nkernel check failed: a leak:\ncurrent\n", "a check of the kernel failed: kernel check failed: a leak"),
    (0x10, "ucow 0\nucow 0\ninit check memory pass.\n", f"{NO_VERDICT}as if all had passed, but its first line was seen 2 times"),
    (0x10, "ucow 0\nkernel panic at a.c:1:\ninit check memory pass.\n",
     f"{NO_VERDICT}as if all had passed, but before it said: kernel panic at a.c:1"),
    (0x10, "ucow 0\nhello\n", f"{NO_VERDICT}as if all had passed, but its last line is missing"),
    (0x20, "ucow 0\n", f"{NO_VERDICT}the machine with the unknown value 32")]


def test_sentences(tab):
    """What the port and the serial line say together; nothing that contradicts itself passes."""
    browser = tab()
    told = [browser.run(f"new Verdict({value}, {json.dumps(serial)}, 'x', playground.site.statuses).text") for value, serial, _ in SENTENCES]
    assert told == [text for _, _, text in SENTENCES]


def test_memory(tab, build, tmp_path):
    """While the machine stands still, the page has the events and the frames that the tools in Python read in its memory."""
    browser = tab()
    typed(browser, "forktest")
    browser.wait("playground.terminal.text.includes('forktest pass.')")
    browser.run("document.getElementById('pause').click()")
    browser.wait("playground.paused && playground.live.next === playground.live.guest.header().next")
    memory = memory_of(browser, tmp_path / "memory")
    guest = Guest.of(memory, build.kernel)
    trace = decode(read_ring(memory, guest.symbols))
    assert browser.run("Array.from({length: page.lead.trace.length}, (_, i) => page.lead.trace.line(i))") == [str(record) for record in trace]
    owners = Counter(frame.owner for frame in guest.frames)
    told = browser.run("[...document.querySelectorAll('#frames .legend span')].map((e) => e.textContent).slice(0, -1)")
    assert sorted(told) == sorted(f"{n} {owner}" for owner, n in owners.items())
    assert browser.run("[...playground.live.guest.frames().counts]") == [frame.count for frame in guest.frames]
    lives = browser.run("page.lead.lives.all.filter((life) => life.reap < 0).map((life) => [life.pid, life.parent && life.parent.pid])")
    assert sorted((pid, parent or 0) for pid, parent in lives) == [(process.pid, process.parent) for process in guest.processes]


def test_copy_on_write(tab, build):
    """A step to the copy of a page shows it in the views; a page that shows an older event stays there while the run goes on."""
    browser = tab()
    typed(browser, "forktest")
    browser.wait("playground.terminal.text.includes('forktest pass.')")
    browser.run("document.getElementById('pause').click()")
    browser.wait("playground.paused")
    browser.run("document.activeElement.blur(); page.go(page.lead.lives.all.find((life) => life.nameAt(Infinity) === 'forktest').fork)")
    browser.press("c")
    words = browser.run("document.querySelector('.sentence').textContent")
    assert "gets its own copy of the page at" in words or "gets its own copy of the page table" in words
    assert browser.run("document.querySelectorAll('.memory .drawing .cell').length") > 0
    at = browser.run("page.lead.i")
    browser.run("document.getElementById('pause').click()")
    length = browser.run("page.lead.trace.length")
    typed(browser, "hello")
    browser.wait(f"page.lead.trace.length > {length}")
    assert browser.run("page.lead.i") == at


def test_reload(tab):
    """A reload goes on where the machine was: with the text of the terminal and the processes."""
    browser = tab()
    typed(browser, "hello")
    browser.wait("playground.terminal.text.includes('hello pass.')")
    browser.run("document.getElementById('pause').click()")
    browser.wait("document.body.dataset.kept && playground.paused")
    text = browser.run("playground.terminal.text")
    tab(keeps=True)
    browser.wait(f"{VERDICT}.className === 'stands'")
    assert browser.run("playground.terminal.text") == text
    browser.run("document.getElementById('pause').click()")
    typed(browser, "forktest")
    browser.wait("playground.terminal.text.includes('forktest pass.')")


def test_link(tab):
    """D123: a link opens a program, and a moment of it; the button Link makes one, and a reload stays there."""
    browser = tab("#run=exit&event=40")
    browser.wait("playground.verdict")
    assert browser.run(f"{VERDICT}.textContent") == "all passed"
    assert (browser.run("page.lead.i"), browser.run("document.getElementById('program').value")) == (40, "exit")
    browser.run("page.go(0)")
    for key in "ff":  # the terminal leaves them to the page
        browser.press(key)
    fork = browser.run("page.lead.trace.text(page.lead.i)")
    browser.run("delete document.body.dataset.kept; document.getElementById('link').click()")
    assert browser.run("location.hash") == "#run=exit&event=fork%3A2"
    browser.wait("document.body.dataset.kept")
    browser = tab("#run=exit&event=fork%3A2", keeps=True)
    browser.wait("playground.verdict")
    assert browser.run("page.lead.trace.text(page.lead.i)") == fork


def test_what_cannot_be_done(tab):
    """Link says why none opens a shell; words in quotes, a host that is gone, and a link to a kernel that is not in the folder get a sentence."""
    browser = tab()
    browser.run("document.getElementById('link').click()")
    assert browser.run("document.getElementById('said').textContent") == "what is typed is in no link: choose a program, and press Run"
    browser.run("document.getElementById('program').value = `args 'a b'`; document.getElementById('go').click()")
    assert browser.run(f"{VERDICT}.textContent") == "The kernel's command line has no quotes: run a shell, and type the words there."
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.ask("Network.emulateNetworkConditions", offline=True, **network)
    browser.run("document.getElementById('program').value = 'hello'; document.getElementById('go').click()")
    browser.wait(f"{VERDICT}.className === 'bad' && !{VERDICT}.textContent.includes('quotes')")
    browser.ask("Network.emulateNetworkConditions", offline=False, **network)
    assert browser.run(f"{VERDICT}.textContent") == ("The machine cannot start: kernels/build/ucow.elf.gz cannot be loaded, because the host "
                                                     "of this page does not answer.")
    browser.run("location.hash = '#run=exit&kernel=eager'")
    browser.wait(f"{VERDICT}.textContent === 'This link needs the kernel eager; this folder has build.'")


def test_own_program(tab, build, tmp_path):
    """An ELF file that the user gives is run with its name, and a reload keeps it (D122); another file is refused in one sentence."""
    browser = tab()

    def give(path: Path):
        document = browser.ask("DOM.getDocument")["root"]["nodeId"]
        node = browser.ask("DOM.querySelector", nodeId=document, selector="#file")["nodeId"]
        browser.ask("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    wrong = tmp_path / "wrong.elf"
    wrong.write_text("#!/bin/sh\n")
    give(wrong)
    browser.wait(f"{VERDICT}.className === 'bad'")
    assert browser.run(f"{VERDICT}.textContent").startswith("wrong.elf is not a static ELF for the i386: ")
    mine = tmp_path / "my own.elf"
    shutil.copyfile(build.folder / "user/hello.elf", mine)
    give(mine)
    browser.wait("playground.verdict")
    assert browser.run("playground.terminal.text").count("hello pass.") == 1
    assert browser.run(f"{VERDICT}.textContent") == "all passed"
    assert browser.run("document.getElementById('program').value") == "my_own"
    assert 'name = "my_own"' in browser.run("playground.terminal.text")
    browser.wait("document.body.dataset.kept")
    browser = tab(keeps=True)  # the state is of a larger machine
    browser.wait("playground.verdict")
    assert browser.run("document.getElementById('program').value") == "my_own" and browser.complaints == []


def test_required(monkeypatch):
    """Where browser tests are required they fail, and do not skip, if they have no browser."""
    monkeypatch.setenv("PATH", "")
    for required, outcome in ((False, pytest.skip.Exception), (True, pytest.fail.Exception)):
        if required:
            monkeypatch.setenv(REQUIRED, "1")
        else:
            monkeypatch.delenv(REQUIRED, raising=False)
        with pytest.raises(outcome, match="chromium is not installed"), browsing():
            pass


def test_without_npm(tmp_path, monkeypatch):
    """Without Node.js the tool says in one sentence what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"^node is not installed, and the playground needs it for the emulator: apt-get install nodejs npm$"):
        playground.packages(tmp_path / "packages")


def test_without_network(tmp_path, monkeypatch):
    """Without a network the tool says in one sentence what it is for, and tries again the next time."""
    if not shutil.which("npm"):
        missing("npm is not installed: apt-get install npm")
    for name, value in (("registry", "http://127.0.0.1:9/"), ("cache", str(tmp_path / "cache")), ("fetch_retries", "0")):
        monkeypatch.setenv(f"npm_config_{name}", value)
    with pytest.raises(LabError, match=r"^npm could not fetch the emulator and the terminal, for which it needs the network once[^\n]*$"):
        playground.packages(tmp_path / "packages")
    assert not (tmp_path / "packages/fetched").exists()


def test_foreign_folder(tmp_path):
    """A folder with files of others is not replaced."""
    (tmp_path / "letter").write_text("dear")
    done = subprocess.run([sys.executable, TOOL, "--no-serve", "--output", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and re.fullmatch(r"tools/playground: .* is not empty and no playground: [^\n]*\n", done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]
