#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs - what the documents name exists.

In the documents of the root, of docs/ and of course/, each relative link leads to a file, and each word in backticks that
begins with a folder of this tree is a path in it. A code block whose title is a source file has lines of that file, in their
order; a line /* ... */ stands for lines that it leaves out. A page of docs/zh has the code blocks, headings, rows and words in
backticks of the page that it translates. The rows of a table have equal numbers of cells. A figure in the README's table of
promises is one of the page that its row links to. In the documents that explain the sources (NAMING) each identifier in
backticks must also occur in them.

Usage: docs.py [--map] [ROOT]. Prints FILE:LINE: and a sentence for each breach, and fails if there is one.
"""
import re
import sys
from itertools import chain, zip_longest
from pathlib import Path

FOLDERS = ("kernel", "user", "include", "test", "tools", "docs", "cross", ".ci")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
ON_THE_SERVER = "../../actions/"  # a page of the hosting site, beside the repository: the badge of the workflow
QUOTED = re.compile(r"`([^`\n]+)`")
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z", re.IGNORECASE)
NAMING = ("map.md", "pages.md", "from-ucore.md")  # these must be there; and what else matches NAMING_TOO
NAMING_TOO = ("process.md", "machine.md", "follow/*.md", "zh/*.md")
QUOTATION = re.compile(r'```\w+ title="([^"]+)"\Z')
LEFT_OUT = "/* ... */"
PATH = re.compile(rf"({'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*\Z")


def prose(path):
    """The numbered lines of a document that are not in a code block."""
    fenced = False
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def paths(root, document):
    for number, line in prose(document):
        for target in LINK.findall(line):
            if not target.startswith(ON_THE_SERVER) and not (document.parent / target).exists():
                yield number, f"the link to {target} leads nowhere"
        for quoted in QUOTED.findall(line):
            word = quoted.split()[0] if quoted.split() else ""
            if PATH.match(word) and not any(root.glob(word.rstrip("/"))):
                yield number, f"there is no {word}"


def quotations(document):
    """The blocks that quote a source: the number of the first line, the file, and runs of lines that follow each other."""
    source, start, runs = None, 0, []
    for number, line in enumerate(document.read_text().split("\n"), 1):
        if source is None:
            if quoted := QUOTATION.match(line):
                source, start, runs = quoted[1], number + 1, [[]]
        elif line == "```":
            yield start, source, runs
            source = None
        elif line.strip() == LEFT_OUT:
            runs.append([])
        else:
            runs[-1].append(line)


def stale(root, document):
    """Quotations that the source does not have any more."""
    for number, name, runs in quotations(document):
        if not (root / name).is_file():
            yield number, f"there is no {name} to quote"
            continue
        lines, at = (root / name).read_text().split("\n"), 0
        for run in runs:
            found = next((i for i in range(at, len(lines)) if lines[i:i + len(run)] == run), None)
            if found is None or not any(line.strip() for line in run):
                yield number, f"{name} does not have these lines, or not in this order: {(run or [''])[0].strip()}"
                break
            at = found + len(run)


def skeleton(document):
    """What a translation keeps: by name, what stands in the document in its order, or, of words in a sentence, sorted."""
    text = document.read_text()
    blocks = re.findall(r"^ *```.*?^ *```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for _, line in prose(document)]
    return {
        "code blocks": blocks,
        "headings": [line.split()[0] for line in lines if line.startswith("#")],
        "rows of tables": [line.count("|") for line in lines if line.startswith("|")],
        "words in backticks": sorted(QUOTED.findall("\n".join(lines))),
    }


def translated(root, document):
    """How a translation in docs/zh differs from its original, docs/NAME or the README."""
    if document.parent != root / "docs/zh":
        return
    original = root / "README.md" if document.name == "README.md" else root / "docs" / document.name
    if not original.exists():
        yield 1, f"there is no {original.relative_to(root)} of which this is the translation"
        return
    theirs, mine = skeleton(original), skeleton(document)
    for what, those in theirs.items():
        for i, (wanted, found) in enumerate(zip_longest(those, mine[what])):
            if wanted != found:
                yield 1, (f"its {what} are not those of {original.relative_to(root)}, from number {i + 1} on: "
                          f"{str(found).strip()!r} for {str(wanted).strip()!r}; change both")
                break


def figures(root, document):
    """Numbers in the README's table of promises that are not those of the page which the row links to: each stands there,
    or is the number of its rows that begin with a number or a name."""
    if document.name != "README.md" or document.parent not in (root, root / "docs/zh"):
        return
    for number, line in prose(document):
        cells = line.split("|")
        links = LINK.findall(cells[2]) if len(cells) == 4 else []
        for link in (link for link in links if (document.parent / link).is_file()):
            page = (document.parent / link).read_text()
            rows = str(len(re.findall(r"^\| (?:[A-Z]\d+|`[^`]+`) \|", page, re.MULTILINE)))
            for figure in re.findall(r"\d[\d,.]*\d", LINK.sub("", cells[2])):
                if figure != rows and not re.search(rf"(?<![\w,.]){re.escape(figure)}(?!\w)", page):
                    yield number, f"{link} does not have the figure {figure}; it has {rows} rows"


def torn(_, document):
    """Rows of a table that have more or fewer cells than the row above them: a | in a cell is written \\|."""
    cells, last = 0, 0
    for number, line in prose(document):
        bars = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        if bars and number == last + 1 and cells not in (0, bars):
            yield number, f"this row of a table has {bars - 1} cells, the row above it {cells - 1}; a | in a cell is written \\|"
        cells, last = bars, number


def source_words(root):
    words = set()
    for folder in ("kernel", "user", "include", "test", "tools"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                words.update(re.findall(r"\w+", path.read_text(errors="replace")))
                words.add(path.name)
                words.add(path.stem)
            elif path.is_dir():
                words.add(path.name)
    for name in ("meson.build", "meson_options.txt"):
        if (root / name).exists():
            words.update(re.findall(r"\w+", (root / name).read_text()))
    return words


def names(root, document):
    known = source_words(root)
    for number, line in prose(document):
        for quoted in QUOTED.findall(line):
            word = re.sub(r"\(.*\)\Z", "", quoted).removeprefix("struct ").rstrip("/")
            if (IDENTIFIER.match(word) or re.fullmatch(r"[\w-]+\.\w+", word)) and word not in known:
                yield number, f"nothing in the sources is called {word}"


def main():
    words = [word for word in sys.argv[1:] if word != "--map"]
    root = Path(words[0] if words else Path(__file__).parents[2])
    if "--map" in sys.argv:
        others = sorted(path for pattern in NAMING_TOO for path in (root / "docs").glob(pattern))
        documents, rules = [*(root / "docs" / name for name in NAMING), *others], [names]
    else:
        others = sorted(path for path in root.glob("*.md") if path.name != "README.md")
        documents = [root / "README.md", *others, *sorted((root / "docs").rglob("*.md")),
                            *sorted((root / "course").rglob("*.md"))]
        rules = [paths, stale, torn, translated, figures]
    breaches = [f"{document.relative_to(root)}:{number}: {sentence}" for document in documents
                for number, sentence in (chain.from_iterable(rule(root, document) for rule in rules) if document.exists()
                                         else [(1, "this document is missing")])]
    sys.exit("\n".join(breaches) or None)


if __name__ == "__main__":
    main()
