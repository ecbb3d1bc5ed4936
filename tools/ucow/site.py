# SPDX-License-Identifier: MIT
"""The book: the documents as a site, made by MkDocs from docs/mkdocs.yml."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import LabError, children
from .build import ROOT
from .sessions import Sessions

PAGES = ("*.md", "LICENSE", "docs/**/*.md", "docs/**/*.svg", "docs/site.css", "course/**/*.md")
MADE_HERE = "mkdocs.site"  # a site has this file, and so is known as one that may be replaced
# The badge is a page of the hosting site, beside the repository.
BADGE = re.compile(r"^\[!\[ci\]\(\.\./\.\./actions/.*\n", re.MULTILINE)


def need_mkdocs() -> None:
    """LabError unless MkDocs is installed with the theme of docs/mkdocs.yml; its help lists the themes."""
    if shutil.which("mkdocs") is None or "material" not in children.run(["mkdocs", "build", "--help"]).stdout:
        raise LabError("MkDocs is not installed: apt-get install mkdocs-material")


def gather(folder: Path, root: Path = ROOT) -> None:
    """Copy the documents into `folder`, where they have the places that they have in the tree."""
    for pattern in PAGES:
        for page in root.glob(pattern):
            copy = folder / page.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(BADGE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def build(output: Path, root: Path = ROOT) -> None:
    """Make the site in `output`, and replace an earlier one. LabError if a page or a setting is wrong: MkDocs is strict."""
    need_mkdocs()
    if output.exists() and any(output.iterdir()) and not (output / MADE_HERE).exists():
        raise LabError(f"{output} is not empty and no earlier site: name another folder")
    with children.Scratch() as name:
        scratch = Path(name)
        gather(scratch / "pages", root)
        shutil.copy(root / "docs/mkdocs.yml", scratch)
        done = children.run(["mkdocs", "build", "--strict", "--config-file", scratch / "mkdocs.yml",
                             "--site-dir", scratch / "site"])
        if done.returncode != 0:
            reasons = [line for line in re.sub(r"\033\[\d+m", "", done.stdout).splitlines() if not line.startswith(("INFO", " "))]
            raise LabError("\n".join(["MkDocs does not accept the documents:", *filter(None, reasons)]))
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(scratch / "site", output)
    (output / MADE_HERE).write_text("Made by tools/site, which may replace this folder.\n", encoding="utf-8")


def renew_sessions(build_folder: Path) -> None:
    """Write into the documents what the commands print that they show."""
    with children.Scratch() as name:
        sessions = Sessions(build_folder, Path(name))
        for page in sorted((ROOT / "docs").rglob("*.md")):
            text = page.read_text(encoding="utf-8")
            page.write_text(sessions.renewed(text), encoding="utf-8")


class Page(HTMLParser):
    """The links of an HTML page, and the places in it to which others can lead."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.places.add(value)


def broken_links(site: Path) -> list[str]:
    """The links inside the site that lead to no file of it, or to no place in that file."""
    @cache
    def page(path: Path) -> Page:
        return Page(path.read_text(encoding="utf-8"))

    def leads_somewhere(source: Path, link: str) -> bool:
        parts = urlsplit(link)
        target = (source.parent / unquote(parts.path)).resolve() if parts.path else source
        if not target.is_file() or not target.is_relative_to(site.resolve()):
            return False
        return not parts.fragment or target.suffix != ".html" or unquote(parts.fragment) in page(target).places

    def found() -> Iterator[str]:
        for source in sorted(site.resolve().rglob("*.html")):
            if source.name == "404.html":
                continue  # its links are absolute: a server shows it for any address
            for link in page(source).links:
                if not urlsplit(link).scheme and not urlsplit(link).netloc and not leads_somewhere(source, link):
                    yield f"{source.relative_to(site.resolve())}: {link}"
    return list(found())
