# SPDX-License-Identifier: MIT
"""The playground: a folder of files that runs ucow in a browser tab, and a server for it on this machine.

The page is tools/ucow/page/live/ with the views of tools/ucow/page/. The emulator and the terminal are npm packages, whose
versions and hashes package-lock.json has. What the scripts have to know about a kernel (addresses, layouts, the format of
events, lines of sources) is written here from its ELF file and its debugging information.
"""

import contextlib
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import LabError, children
from .archive import programs
from .build import KERNEL, ROOT, built, check_place, command, is_configured, locked
from .elf32 import Elf32
from .html import PAGE, SCRIPTS
from .html_sources import call_places, kernel_places, program_places
from .layout import layout_of
from .symbols import BUILD_ID_BYTES, KERNBASE, Symbols, physical
from .trace import MAGIC, RECORD, VERSION, Format, need_trace

LIVE = PAGE / "live"
LIVE_SCRIPTS = ("machine", "ring", "verdict", "terminal", "frames", "kept", "live", "lines", "deaths", "playground")
MEMORY = 32 << 20
CMDLINE = "trace_kib=2048"
HOST, PORT = "127.0.0.1", 8486
GZIP_LEVEL = 6  # 9 takes five times as long, and saves a percent
SECONDS = 60  # to boot until the prompt
SYSTEM_CALL = re.compile(rb"\xcd\x80")
TRACE, MM = "watch/trace.c", "mm/mm.c"
# From npm's packages, and what they are called in the folder.
VENDOR = {"v86/build/libv86.js": "v86/libv86.js", "v86/build/v86.wasm": "v86/v86.wasm", "v86/LICENSE": "v86/LICENSE",
          "@xterm/xterm/lib/xterm.js": "xterm/xterm.js", "@xterm/xterm/css/xterm.css": "xterm/xterm.css",
          "@xterm/xterm/LICENSE": "xterm/LICENSE", "@xterm/addon-fit/lib/addon-fit.js": "xterm/addon-fit.js",
          "@xterm/addon-fit/LICENSE": "xterm/LICENSE-addon-fit"}
VENDOR_SCRIPTS = ("vendor/v86/libv86.js", "vendor/xterm/xterm.js", "vendor/xterm/addon-fit.js")


@dataclass(frozen=True)
class Choice:
    """A kernel that one can choose."""
    name: str
    title: str
    options: tuple[str, ...]


CHOICES = (Choice("cow", "copies pages when written", ("-Dcow=true", "-Dtables=copied")),
           Choice("shared", "shares page tables, too", ("-Dcow=true", "-Dtables=shared")),
           Choice("eager", "copies pages at once", ("-Dcow=false",)))


# ---- packages ----

def claim_build_folder() -> None:
    """Make `build`, in which all that is made here lies, a build directory: tools/run would refuse it otherwise."""
    folder = ROOT / "build"
    check_place(folder)
    if shutil.which("meson") is None:
        raise children.missing("meson")
    with locked(folder):
        if not is_configured(folder):
            command("meson", "setup", folder, ROOT, "--cross-file", ROOT / "cross/i386.ini")


def packages(folder: Path) -> Path:
    """The folder node_modules with the packages of package-lock.json; fetches them if they are not there."""
    modules, lock = folder / "node_modules", (LIVE / "package-lock.json").read_text(encoding="utf-8")
    done = folder / "fetched"
    if done.is_file() and done.read_text(encoding="utf-8") == lock:
        return modules
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise LabError(f"{program} is not installed, and the playground needs it for the emulator: apt-get install nodejs npm")
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LIVE / name, folder / name)
    fetched = children.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                            "--fetch-retry-mintimeout=1000", "--prefix", folder])
    if fetched.returncode != 0:
        why = [line.split(maxsplit=2)[-1] for line in fetched.stdout.splitlines() if re.match(r"npm (ERR!|error) ", line)]
        raise LabError("npm could not fetch the emulator and the terminal, for which it needs the network once"
                       + (f": {why[-3] if len(why) > 3 else why[0]}" if why else ""))
    done.write_text(lock, encoding="utf-8")
    return modules


# ---- what the scripts know about a kernel ----

def _members(elf: Path, source: str, structure: str, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = layout_of(elf).members(source, structure)
    return {name: (found[name].offset, found[name].size) for name in names}


def _about(name: str) -> str:
    """The first sentence of a program's source."""
    path = next(iter(sorted((ROOT / "user").rglob(f"{name}.c"))), None)
    found = re.search(r"/\*\n \* \w+ - ((?:.|\n)*?)[.:;](?:\s|$)", path.read_text(encoding="utf-8")) if path else None
    return " ".join(found[1].replace("\n *", " ").split()) if found else ""


def description(elf: Path, options: str) -> dict[str, Any]:
    """What the scripts have to know to read the memory of a machine that runs the kernel."""
    symbols, layout = Symbols(elf), layout_of(elf)
    need_trace(symbols)
    page = layout.members(MM, "page")
    owners = Format(symbols.text("trace_format")).enums["owner"]
    return {
        "format": symbols.text("trace_format"), "options": options, "base": KERNBASE,
        "build": symbols.data("kernel_build_id", BUILD_ID_BYTES)[-20:].hex(),
        "owners": [owners[number] for number in sorted(owners)],
        "programs": [{"name": name, "about": _about(name)} for name in sorted(programs(elf))],
        "ring": {"address": physical(symbols.address("trace_ring")), "bytes": layout.size(TRACE, "trace_ring"), "magic": MAGIC,
                 "version": VERSION, "recordBytes": RECORD.size,
                 "members": _members(elf, TRACE, "trace_ring", ("magic", "version", "record_bytes", "capacity", "buffer_pa", "next",
                                                                "tsc_per_tick", "boot_tsc"))},
        "frames": {"address": physical(symbols.address("page_array")), "count": physical(symbols.address("page_frames")),
                   "size": layout.size(MM, "page"), "owner": page["owner"].offset, "references": page["count"].offset},
    }


def _files(elf: Path) -> dict[str, Path]:
    """The ELF files of the programs in the boot archive: those beside the kernel's build."""
    user = elf.resolve().parents[1] / "user"
    return {name: path for name in sorted(programs(elf)) if (path := user / f"{name}.elf").is_file()}


def _calls(program: Path) -> set[int]:
    """The addresses in a program from which it calls the kernel, as the trace and the scripts have them."""
    return {address + found.start() + 1 for address, data in Elf32(program.read_bytes()).segments for found in SYSTEM_CALL.finditer(data)}


def all_sources(elf: Path, files: dict[str, Path]) -> dict[str, Any]:
    """The places of all events, system calls and calls of programs: which of them a run has is not known before."""
    events, calls = kernel_places(elf), call_places()
    lines = program_places(elf.resolve().parents[1] / "user", {name: _calls(path) for name, path in files.items()})
    places = [*(place for some in events.values() for place in some), *calls.values(), *(place for some in lines.values() for place in some.values())]
    texts = {name: {"first": 1, "lines": (ROOT / name).read_text(encoding="utf-8").splitlines()} for name in sorted({place.file for place in places})}
    return {"events": {name: [asdict(place) for place in some] for name, some in events.items()},
            "calls": {name: asdict(place) for name, place in calls.items()},
            "programs": {name: {address: asdict(place) for address, place in some.items()} for name, some in lines.items()},
            "files": texts}


def statuses() -> list[str]:
    """What each status of tools/run means, in its words."""
    text = (ROOT / "tools/run").read_text(encoding="utf-8")
    listed = re.search(r"^# Status: ((?:.|\n)*?)\.$", text, re.MULTILINE)
    words = " ".join(listed[1].replace("\n#", " ").split()) if listed else ""
    found = re.findall(r"(?:^|, )(\d) ([^,]*(?:, or [^,]*)?)", words)
    if [number for number, _ in found[:5]] != ["0", "1", "2", "3", "4"]:
        raise LabError("tools/run does not list what its statuses mean any more: fix statuses() in tools/ucow/playground.py")
    return [meaning for _, meaning in found]


# ---- the folder ----

def _write(path: Path, content: bytes, packed: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, GZIP_LEVEL, mtime=0) if packed else content)


def _loaded_part(elf: Path) -> bytes:
    """The kernel without its debugging information."""
    if shutil.which("llvm-objcopy") is None:
        raise children.missing("llvm-objcopy")
    with children.Scratch() as scratch:
        small = Path(scratch, "ucow.elf")
        command("llvm-objcopy", "--strip-debug", elf, small)
        return small.read_bytes()


def _state(modules: Path, elf: bytes) -> tuple[bytes, str]:
    """The state of a machine at the prompt of its shell, and what it has printed."""
    if shutil.which("node") is None:
        raise children.missing("nodejs")
    with children.Scratch() as scratch:
        kernel, out = Path(scratch, "ucow.elf"), Path(scratch, "state")
        kernel.write_bytes(elf)
        try:
            done = children.run(["node", LIVE / "save_state.mjs", modules, kernel, str(MEMORY), CMDLINE, out], timeout=SECONDS,
                                stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise LabError(f"the kernel did not reach the prompt of its shell in {SECONDS} seconds in the emulator v86") from None
        if done.returncode != 0 or not out.is_file():
            raise LabError("the emulator v86 ended without a state under node: node 18 or newer is needed")
        return out.read_bytes(), json.loads(done.stdout)


def add_kernel(site: Path, modules: Path, name: str, elf: Path) -> dict[str, Any]:
    """Put a kernel into the folder: it, its state at the prompt, its description, its sources, and its programs with their lines."""
    folder, small = site / "kernels" / name, _loaded_part(elf)
    state, serial = _state(modules, small)
    options = re.search(r"^options: (.*?)\r?$", serial, re.MULTILINE)
    told, files = description(elf, options[1] if options else ""), _files(elf)
    _write(folder / "ucow.elf.gz", small, packed=True)
    _write(folder / "state.gz", state, packed=True)
    _write(folder / "sources.json.gz", json.dumps(all_sources(elf, files)).encode(), packed=True)
    for program, path in files.items():
        _write(folder / f"programs/{program}.elf.gz", path.read_bytes(), packed=True)
    _write(folder / "kernel.json", json.dumps(told | {"serial": serial}).encode())
    return told


def add_page(site: Path, modules: Path) -> None:
    """Put the page, its scripts and styles and the packages into the folder."""
    scripts = [*VENDOR_SCRIPTS, *(f"{name}.js" for name in (*(name for name in SCRIPTS if name != "start"), *LIVE_SCRIPTS))]
    parts = {"VIEWS": (PAGE / "views.html").read_text(encoding="utf-8"),
             "SCRIPTS": "\n".join(f'<script src="{name}"></script>' for name in scripts)}
    text = re.sub("@([A-Z]+)@", lambda found: parts[found[1]], (LIVE / "index.html").read_text(encoding="utf-8"))
    _write(site / "index.html", text.encode())
    for path in (PAGE / "style.css", LIVE / "live.css", ROOT / "LICENSE", *(PAGE / f"{name}.js" for name in SCRIPTS if name != "start"),
                 *(LIVE / f"{name}.js" for name in LIVE_SCRIPTS)):
        shutil.copyfile(path, site / path.name)
    for source, name in VENDOR.items():
        (site / "vendor" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, site / "vendor" / name)


def check_site(site: Path) -> None:
    """Refuse a folder that has files of others."""
    if site.exists() and (not site.is_dir() or any(site.iterdir()) and not (site / "site.json").is_file()):
        raise LabError(f"{site} is not empty and no playground: choose another folder with --output")


def build_site(site: Path, kernels: Sequence[tuple[str, str, Path]], modules: Path) -> None:
    """Make the folder with these kernels, each with its name and title. The one that is there is replaced at the end."""
    check_site(site)
    fresh = site.with_name(f".{site.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    add_page(fresh, modules)
    told = [(name, title, add_kernel(fresh, modules, name, elf)) for name, title, elf in kernels]
    about = {"kernels": [{"name": name, "title": title, "build": kernel["build"]} for name, title, kernel in told], "memory": MEMORY,
             "cmdline": CMDLINE, "owners": told[0][2]["owners"], "statuses": statuses()}
    _write(fresh / "site.json", json.dumps(about).encode())
    shutil.rmtree(site, ignore_errors=True)
    fresh.rename(site)


def own_kernels(site: Path) -> Iterator[tuple[str, str, Path]]:
    """The kernels to choose from, built beside the folder."""
    for choice in CHOICES:
        yield choice.name, choice.title, built(site.with_name(f"{site.name}-{choice.name}"), choice.options)


def kernel_of(folder: Path) -> tuple[str, str, Path]:
    """The kernel of a build directory, which is there."""
    if not (elf := folder / KERNEL).is_file():
        raise LabError(f"{folder} has no {KERNEL}: build it first with ninja -C {folder}")
    return folder.resolve().name, f"works as in {folder.resolve().name}", elf


# ---- the server ----

class Handler(SimpleHTTPRequestHandler):
    """Serves the folder, silently, and lets the browser ask again for each file."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        del format, args


def server(site: Path, port: int | None) -> ThreadingHTTPServer:
    """A server of the folder on the loopback address: at `port`, or else at PORT if that is free, or at any that is."""
    handler = partial(Handler, directory=str(site))
    if port is None:
        with contextlib.suppress(OSError):
            return ThreadingHTTPServer((HOST, PORT), handler)
    try:
        return ThreadingHTTPServer((HOST, port or 0), handler)
    except OSError as error:
        raise LabError(f"port {port} cannot be used: {error.strerror}; choose another one, or omit --port") from None
