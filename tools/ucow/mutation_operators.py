# SPDX-License-Identifier: MIT
"""The ways in which tools/mutate breaks a line: what each finds in it, and what it makes of that.

The first are the usual ones of mutation testing. The others are mistakes that people make when they write or change a
kernel: a line twice, two lines in the wrong order, an exit, a flag or a bit forgotten, the opposite end of a list, a
sibling of the constant or of the field that was meant, two arguments or results in the wrong order, a type that is too narrow.
"""

import re
from collections import defaultdict
from collections.abc import Callable

OPPOSITES = [("list_add_tail", "list_add_head"), ("list_first", "list_last"), ("next", "prev"), ("true", "false"), ("MIN", "MAX"),
             ("hold", "drop"), ("head", "tail"), ("low", "high"), ("min", "max")]
OPPOSITE: dict[str, str] = dict(OPPOSITES) | {b: a for a, b in OPPOSITES}
NARROWER = {"uint64_t": "uint32_t", "uint32_t": "uint16_t", "size_t": "uint16_t", "uintptr_t": "uint16_t", "unsigned": "uint8_t",
            "uint16_t": "uint8_t", "int": "int8_t"}


class Names:
    """The names in a file that could be taken for each other."""

    def __init__(self, code: str) -> None:
        self.constants: defaultdict[str, set[str]] = defaultdict(set)
        self.fields: defaultdict[str, set[str]] = defaultdict(set)
        for name in re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b(?!\()", code):
            self.constants[name.split("_")[0]].add(name)
        for variable, name in re.findall(r"\b(\w+)->(\w+)\b(?! *\()", code):
            self.fields[variable].add(name)

    def sibling(self, name: str) -> str:
        """The next constant with the same first word; itself if it has none."""
        return after(name, self.constants[name.split("_")[0]])

    def field(self, _: str, variable: str, name: str) -> str:
        """The next field that the file uses of the variable."""
        return f"{variable}->{after(name, self.fields[variable])}"


def after(name: str, names: set[str]) -> str:
    """The name after one in a set."""
    order = sorted(names)
    return order[(order.index(name) + 1) % len(order)] if name in names else name


Replace = Callable[..., str]


def form(text: str) -> Replace:
    """What stands for a match and its groups, as str.format() has it."""
    def replace(_: Names, *pieces: str) -> str:
        return text.format(*pieces)
    return replace


def other_end(_: Names, word: str) -> str:
    """The last part of a function's name, turned around."""
    return OPPOSITE.get(word) or OPPOSITE[f"list_{word}"].removeprefix("list_")


LVALUE = r"\*?\w+(?:(?:->|\.)\w+|\[[^\]]*\])+"
CALL = r"\w+(?:(?:->|\.)\w+)*\(.*\);"
STORE = r"\*?\w+(?:(?:->|\.)\w+|\[[^\]]*\])* [|&^+-]?= .+;"
ORDER = "order"  # the only one that looks at two lines
SWAP = "swap"  # of two in one line
# An operator's name, what it finds in a line without comments and strings, and what it makes of that.
OPERATORS: list[tuple[str, str, Replace]] = [
    ("negate", r"\b(if|while) \((.+)\)(?= \{$|$)", form("{1} (!({2}))")),
    ("negate", r" == ", form(" != ")),
    ("negate", r" != ", form(" == ")),
    ("bound", r" < ", form(" <= ")),
    ("bound", r" <= ", form(" < ")),
    ("bound", r" > ", form(" >= ")),
    ("bound", r" >= ", form(" > ")),
    ("arithmetic", r" \+ ", form(" - ")),
    ("arithmetic", r" - ", form(" + ")),
    ("arithmetic", r" \+= ", form(" -= ")),
    ("arithmetic", r" -= ", form(" += ")),
    ("arithmetic", r"\+\+", form("--")),
    ("arithmetic", r"--", form("++")),
    ("logic", r" && ", form(" || ")),
    ("logic", r" \|\| ", form(" && ")),
    ("drop condition", r" (?:&&|\|\|) [^&|()]+(?=\)(?: \{)?$)", form("")),
    ("drop call", rf"^( +){CALL}$", form("{1};")),
    ("drop store", rf"^( +){LVALUE} (?:[|&^+-]|<<|>>)?= .+;$", form("{1};")),
    ("success", r"\breturn -E_\w+;", form("return 0;")),
    ("success", r"\b(error =) \w+\(.*\);$", form("{1} 0;")),
    ("constant", r"(?<![\w.])(?<!address\()\d+(?![\w.])", lambda names, number: str(int(number) + 1)),
    ("twice", rf"^( +)({CALL})$", form("{1}{2} {2}")),
    (ORDER, rf"^( +)({CALL})\n\1({CALL}|{STORE})$", form("{1}{3}\n{1}{2}")),  # two stores may change places
    (ORDER, rf"^( +)({STORE})\n\1({CALL})$", form("{1}{3}\n{1}{2}")),
    (SWAP, r"(?<=\w\()(?<!\bMIN\()(?<!\bMAX\()([\w>.-]+), ([\w>.-]+)(?=[,)])", form("{2}, {1}")),
    (SWAP, r"\? ([\w>.-]+) : ([\w>.-]+)(?=[;,)\]])", form("? {2} : {1}")),
    ("drop exit", r"^( {8,})(?:return\b.*|goto \w+|break|continue);$", form("{1};")),
    ("drop flag", r" (?:\||&) ~?[A-Z]\w*\b(?! ?\()", form("")),
    ("drop flag", r"\b[A-Z]\w* \| (?=\w)", form("")),
    ("drop bit", r"\b0x[0-9A-Fa-f]+\b", lambda names, number: hex(int(number, 16) & (int(number, 16) - 1))),
    ("opposite", r"\b(?:" + "|".join(OPPOSITE) + r")\b", lambda names, word: OPPOSITE[word]),
    ("opposite", r"(?<=_)(?:hold|drop|first|last|next|prev)(?=\()", other_end),
    ("sibling", r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b(?!\()", Names.sibling),
    ("field", r"\b(\w+)->(\w+)\b(?! *\()", Names.field),
    # Of eflags only IF counts, which is in the low half; every error number, what io_in8() returns, and a count to a small
    # number or through a table fit in 8 bits.
    ("narrow", r"\b(?:" + "|".join(NARROWER) + r")(?= (?!eflags|error = (?!va_arg)|\w+ = io_in8\(|\w+ = 0; \w+ < (?:\d{1,2};|ARRAY_SIZE\())\w+ =)", lambda names, word: NARROWER[word]),
]
