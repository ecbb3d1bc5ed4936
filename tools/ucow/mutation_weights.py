# SPDX-License-Identifier: MIT
"""How often people make the mistakes that the operators of tools/mutate imitate.

The figures are those of the mistakes that this project has collected, which anyone can count again: each entry of
test/mistakes.toml and course/*/mistakes.toml, what people get wrong when they write a fork and what belongs to it, is
an edit, and is counted for the operator that makes such an edit. An edit of several kinds, or of none, is not counted.
"""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .mutation_operators import OPERATORS, ORDER, SWAP

ROOT = Path(__file__).resolve().parents[2]
OTHER = "none of these"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TOKEN = re.compile(r"\w+|->|<<=?|>>=?|[-+*/&|^=!<>]=|&&|\|\||\+\+|--|\S")
NOTHING = re.compile(r"(?:;|\(void\)\w+;|\w+:)?")  # what stands for code that was deleted
EXIT = re.compile(r"(?:return\b.*|goto \w+|break|continue);")
STATEMENT = [("drop exit", EXIT), ("drop store", re.compile(r"[^()=]+ (?:[|&^+-]|<<|>>)?= .+;|[\w>.-]+(?:\+\+|--);")),
             ("drop call", re.compile(r"\w+(?:(?:->|\.)\w+)*\(.*;"))]
COMPARISONS = ({"<", "<="}, {">", ">="})
CONSTANT = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")


def lines_of(text: str) -> list[str]:
    """The lines of a piece of code, without comments and indentation."""
    return [line.strip() for line in COMMENT.sub("", text).splitlines() if line.strip()]


def operator_of(old: str, new: str) -> str:
    """The operator that makes such an edit; OTHER if none does."""
    before, after = lines_of(old), lines_of(new)
    pieces = [(before[a:b], [line for line in after[c:d] if not NOTHING.fullmatch(line)])
              for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if tag != "equal"]
    gone, come = [line for piece, _ in pieces for line in piece], [line for _, piece in pieces for line in piece]
    if gone and sorted(gone) == sorted(come):
        return ORDER
    if gone and not come:
        return of_deleted(gone)
    if come and not gone and set(come) <= set(before):
        return "twice"
    if len(gone) == len(come) == 1:
        return of_line(gone[0], come[0])
    return OTHER


def of_deleted(lines: list[str]) -> str:
    """The operator that leaves these lines out, by the last of them: what stands before it is its condition."""
    return next((operator for operator, form in STATEMENT if form.fullmatch(lines[-1])), OTHER)


def of_line(old: str, new: str) -> str:
    """The operator that makes one line into another."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    edits = [(before[a:b], after[c:d]) for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
             if tag != "equal"]
    gone, come = [token for edit, _ in edits for token in edit], [token for _, edit in edits for token in edit]
    if re.match(r"(?:if|while) ", old) and come in (["!", "(", ")"], ["!"]) and not gone or gone == ["!"] and not come:
        return "negate"
    if not come and gone[:1] + gone[-1:] and any(token in ("&&", "||") for token in (gone[0], gone[-1])):
        return "drop condition"
    if not come and any(token in ("|", "&") for token in gone) and any(token.isupper() or CONSTANT.fullmatch(token) for token in gone):
        return "drop flag"
    if old.startswith("return -E_") and new == "return 0;" or re.match(r"\*?error = \w+\(", old) and re.fullmatch(r"\*?error = 0;", new):
        return "success"
    if sorted(before) == sorted(after):
        return SWAP
    return of_tokens(gone, come) if len(gone) == len(come) == 1 else OTHER


def of_tokens(old: list[str], new: list[str]) -> str:
    """The operator that replaces one token by another."""
    (a,), (b,) = old, new
    kinds: list[tuple[str, bool]] = [
        ("negate", {a, b} == {"==", "!="}),
        ("bound", {a, b} in COMPARISONS),
        ("logic", {a, b} == {"&&", "||"}),
        ("arithmetic", {a, b} <= {"+", "-", "*", "/", "++", "--", "+=", "-="}),
        ("opposite", {a, b} in ({"true", "false"}, {"MIN", "MAX"}) or {a.rpartition("_")[2], b.rpartition("_")[2]} in ({"head", "tail"}, {"first", "last"}, {"next", "prev"})),
        ("sibling", bool(CONSTANT.fullmatch(a) and CONSTANT.fullmatch(b))),
        ("constant", a.isdigit() and b.isdigit()),
        ("narrow", a.endswith("_t") and b.endswith("_t")),
        ("field", bool(re.fullmatch(r"[a-z_]\w*", a) and re.fullmatch(r"[a-z_]\w*", b))),
    ]
    return next((name for name, is_it in kinds if is_it), OTHER)


def mistakes() -> Iterator[tuple[str, str]]:
    """What stands in the sources, and what stands there instead, of each mistake that was collected."""
    for path in [ROOT / "test/mistakes.toml", *sorted(ROOT.glob("course/*/mistakes.toml"))]:
        with path.open("rb") as file:
            for entry in tomllib.load(file)["mistake"]:
                yield entry["old"], entry["new"]


def counted() -> Counter[str]:
    """How many of the mistakes each operator makes."""
    return Counter(operator_of(old, new) for old, new in mistakes())


def weights() -> dict[str, int]:
    """How often each operator is drawn, relative to the others: once more than it was counted, so that none is left out."""
    found = counted()
    return {name: 1 + found[name] for name in dict.fromkeys(name for name, *_ in OPERATORS)}
