# SPDX-License-Identifier: MIT
"""A headless Chromium that tests drive through two pipes (the Chrome DevTools Protocol; messages end in a NUL byte)."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ucow import children
from ucow.children import Scratch

REQUIRED = "UCOW_NEEDS_BROWSER"  # in the environment: a test that cannot have a browser, Node.js or its packages fails
NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60  # for an answer: generous, for a busy host


class Browser:
    """One page in a browser without a window."""

    def __init__(self, to: int, answers: int, process: subprocess.Popen):
        self._to, self._from, self._process = to, answers, process
        self._unread, self._number = b"", 0
        self.complaints: list[str] = []  # errors of the page, and what it could not load
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.requests: list[str] = []
        self.ask("Performance.enable", timeDomain="threadTicks")

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not (data := os.read(self._from, 1 << 20)):
                raise AssertionError("the browser ended")
            self._unread += data
        text, _, self._unread = self._unread.partition(b"\0")
        return json.loads(text)

    def _note(self, told: dict[str, Any]):
        """Keep what an event of the page says."""
        match told.get("method"):
            case "Runtime.exceptionThrown":
                details = told["params"]["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if told["params"]["entry"]["level"] == "error":
                self.complaints.append(told["params"]["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])

    def _ask(self, method: str, session: str | None = None, **parameters) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (told := self._receive()).get("id") != self._number:
            self._note(told)
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]

    def ask(self, method: str, **parameters) -> dict[str, Any]:
        """Ask the page's part of the browser."""
        return self._ask(method, self._session, **parameters)

    def open(self, url: str | Path, width: int = 1400, height: int = 1000, phone: bool = False, dark: bool = False):
        """Load a page, and wait until it has run its scripts."""
        self.resize(width, height, phone)
        self.darken(dark)
        self.requests.clear()
        self.complaints.clear()
        self.ask("Page.navigate", url=url.as_uri() if isinstance(url, Path) else url)
        self.wait("document.readyState === 'complete'")

    def resize(self, width: int, height: int, phone: bool = False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1,
                 mobile=phone)

    def darken(self, dark: bool):
        """Tell the page that its reader prefers dark colours, or light ones."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run(self, script: str) -> Any:
        """The value of an expression, a promise's when it is there."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str):
        """Wait until an expression is true. The browser looks at each frame; nothing here sleeps."""
        self.run(f"new Promise(done => {{ const look = () => ({script}) ? done(true) : setTimeout(look, 5); look(); }})")

    def busy_seconds(self) -> float:
        """The processor time that the page has taken since it was opened: of scripts, layout and the rest."""
        told = self.ask("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in told if metric["name"] == "TaskDuration")

    def press(self, key: str, shift: bool = False):
        """Press a key, as on a keyboard."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 if shift else 0, **text)

    def type(self, text: str):
        self.ask("Input.insertText", text=text)

    def picture(self, path: Path, whole: bool = True):
        """Save what the page looks like as a PNG."""
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole, optimizeForSpeed=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def print(self, path: Path):
        """Save what a printer would get as a PDF."""
        path.write_bytes(base64.b64decode(self.ask("Page.printToPDF", printBackground=False)["data"]))


def chromium() -> str | None:
    """The browser's program."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing(reason: str) -> NoReturn:
    """Skip the test, or where such tests are required, fail it."""
    if REQUIRED in os.environ:
        pytest.fail(f"{reason}; {REQUIRED} is set")
    pytest.skip(reason)


def high(descriptor: int) -> int:
    """The same file as a descriptor above 9, so that it is neither 3 nor 4."""
    other = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return other


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser with an empty profile; the test skips if there is none to start."""
    if not (program := chromium()):
        missing("chromium is not installed: apt-get install chromium")
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    to_read, from_write = high(to_read), high(from_write)
    with Scratch() as folder:
        # The browser reads descriptor 3 and writes descriptor 4.
        command = ["bash", "-c", f'exec 3<&{to_read} 4>&{from_write}; exec "$@"', "bash", "env", f"HOME={folder}", program,
                   "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
                   f"--user-data-dir={folder}", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
        process = children.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 pass_fds=(to_read, from_write))
        os.close(to_read)
        os.close(from_write)
        try:
            yield Browser(to_write, from_read, process)
        finally:
            with suppress(OSError):
                os.write(to_write, b'{"id":0,"method":"Browser.close"}\0')
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(to_write)
            os.close(from_read)
