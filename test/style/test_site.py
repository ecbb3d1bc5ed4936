# SPDX-License-Identifier: MIT
"""tools/site: the documents become pages without a warning, every page is in the table of contents, every link leads
somewhere. The check of links is tested on a site with links that do not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ucow import LabError, site

ROOT = Path(__file__).resolve().parents[2]


def need_mkdocs():
    try:
        site.need_mkdocs()
    except LabError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """The site, made as a user makes it, with a name that needs quotes."""
    need_mkdocs()
    folder = tmp_path_factory.mktemp("a, b") / "site"
    done = subprocess.run([ROOT / "tools/site", "-o", folder], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == f"{folder}/index.html: open it in a browser\n"
    return folder


def documents() -> set[str]:
    return {str(path.relative_to(ROOT)) for pattern in site.PAGES if pattern.endswith(".md") for path in ROOT.glob(pattern)}


def test_every_document_is_a_page(book):
    pages = {str(path.relative_to(book)) for path in book.rglob("*.html")}
    for name in documents():
        assert re.sub(r"README(?=\.html$)", "index", name.removesuffix(".md") + ".html") in pages


def test_every_document_is_in_the_contents():
    contents = re.findall(r"(\S+\.md)$", (ROOT / "docs/mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(contents) == sorted(documents())


def test_every_picture_is_in_the_site(tmp_path):
    """Also where MkDocs is not installed, which would say it."""
    site.gather(tmp_path)
    for name in documents():
        for link in re.findall(r"!\[[^\]]*\]\((?!https?:)([^)\s]+)\)", (tmp_path / name).read_text(encoding="utf-8")):
            assert (tmp_path / name).parent.joinpath(link).is_file(), f"{name} shows {link}"


def test_markdown_is_understood(book):
    """No fence, list or row of a table became text: MkDocs wants an empty line where the forges want none."""
    for page in book.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "```" not in text, page.name
        for paragraph in re.findall(r"<p>(.*?)</p>", text, re.DOTALL):
            assert not re.search(r"^(- |\d+\. |\| )", paragraph, re.MULTILINE), f"{page.name}: {paragraph}"


def test_nothing_comes_from_the_network(book):
    for page in book.rglob("*.html"):
        assert not re.search(r'<(script|link|img)[^>]* (src|href)="(https?:)?//', page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("page, broken", [
    ('<a href="b/c.html#there">', []),
    ('<a id="up" href="#up"><a href="https://example.com/">', []),
    ('<a href="b/d.html">', ["index.html: b/d.html"]),
    ('<a href="b/c.html#here">', ["index.html: b/c.html#here"]),
    ('<a href="#down"><img src="b/e.png">', ["index.html: #down", "index.html: b/e.png"]),
    ('<a href="../outside.html">', ["index.html: ../outside.html"]),
    ('<a href="b">', ["index.html: b"]),
], ids=["good", "outward", "file", "place", "image", "outside", "folder"])
def test_links_that_lead_nowhere(page, broken, tmp_path):
    (tmp_path / "outside.html").touch()
    (tmp_path / "site/b").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text(page)
    (tmp_path / "site/b/c.html").write_text('<h1 id="there">')
    assert site.broken_links(tmp_path / "site") == broken


def test_a_wrong_link_stops_the_build(tmp_path):
    need_mkdocs()
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/mkdocs.yml", tmp_path / "docs")
    for name in documents():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A page\n")
    (tmp_path / "README.md").write_text("# ucow\n\n[the map](docs/mop.md)\n")
    with pytest.raises(LabError, match=r"README.md' contains a link to 'docs/mop.md' which is not found"):
        site.build(tmp_path / "site", tmp_path)


def refusal(*words, **environment) -> str:
    done = subprocess.run([ROOT / "tools/site", *words], capture_output=True, text=True, timeout=60, check=False, **environment)
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr


def test_without_mkdocs(tmp_path):
    for tool in ("python3", "env"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    assert refusal("-o", tmp_path / "site", env={"PATH": str(tmp_path)}) == \
        "tools/site: MkDocs is not installed: apt-get install mkdocs-material\n"
    assert not (tmp_path / "site").exists()


def test_a_folder_with_other_files_is_kept(tmp_path):
    need_mkdocs()
    (tmp_path / "thesis.md").touch()
    assert refusal("-o", tmp_path) == f"tools/site: {tmp_path} is not empty and no earlier site: name another folder\n"
    assert (tmp_path / "thesis.md").exists()
