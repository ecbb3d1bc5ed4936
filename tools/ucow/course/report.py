# SPDX-License-Identifier: MIT
"""Grades in the formats of people and of other programs."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from ..drawing import STYLES
from .grade import Grade
from .lab import Check

FEW = 3  # so many grades are printed whole

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Grades</title>
<style>
body { font: 1rem/1.4 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #111; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #999; padding: .3rem .6rem; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap }
code, td:last-child { overflow-wrap: anywhere }
.lost { font-weight: bold }
dl { margin: .3rem 0; display: grid; grid-template-columns: max-content 1fr; gap: .1rem .6rem }
.run { overflow-x: auto } dt { color: #555 } dd { margin: 0; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } dt { color: #aaa } }
</style></head><body>
{{ styles }}
<h1>Grades</h1>
{% if grades|length > 1 %}
{% for title, rows in labs.items() %}<h2>{{ title }}</h2>
<table><tr><th>check</th><th class="n">lost by</th><th>what it looks at</th></tr>
{% for check, lost in rows %}<tr><td>{{ check.name }}</td><td class="n">{{ lost }}</td><td>{{ check.what }}</td></tr>
{% endfor %}</table>
{% endfor %}
<h2>Submissions</h2>
<table><tr><th>submission</th><th>lab</th><th class="n">points</th><th>in short</th></tr>
{% for grade in grades %}<tr><td><a href="#s{{ loop.index }}">{{ grade.submission.name }}</a></td>
<td>{{ grade.submission.lab.number }}</td><td class="n">{{ grade.points }} of {{ grade.submission.lab.points }}</td>
<td>{{ in_short(grade) }}</td></tr>
{% endfor %}</table>
{% endif %}
{% for grade in grades %}
<h2 id="s{{ loop.index }}">{{ grade.submission.name }}: lab {{ grade.submission.lab.number }}, {{ grade.submission.lab.title }},
{{ grade.points }} of {{ grade.submission.lab.points }} points</h2>
{% for note in grade.submission.notes %}<p>Note: {{ note }}.</p>{% endfor %}
<table><tr><th>check</th><th class="n">points</th><th>what it looks at</th></tr>
{% for result in grade.results %}<tr><td>{{ result.check.name }}</td>
<td class="n {{ 'lost' if result.loss }}">{{ result.points }} of {{ result.check.points }}</td><td>{{ result.check.what }}
{% if result.same %}<p>{{ result.sentence() }}</p>
{% elif result.loss %}<dl><dt>expected</dt><dd>{{ result.loss.expected }}</dd><dt>seen</dt><dd>{{ result.loss.seen }}</dd>
{% if result.loss.event %}<dt>event</dt><dd><code>{{ result.loss.event }}</code></dd>{% endif %}
<dt>look at</dt><dd>{{ result.check.where }}: {{ result.check.hint }}</dd>
{% if result.command %}<dt>repeat it</dt><dd><code>{{ result.command }}</code></dd>{% endif %}</dl>
{% if result.picture %}<p>Its processes until \N{BLACK DOWN-POINTING TRIANGLE}, the event:</p>
<div class="run">{{ safe(result.picture) }}</div>{% endif %}{% endif %}</td></tr>
{% endfor %}</table>
{% endfor %}
</body></html>
"""


def table(grade: Grade) -> Table:
    """A grade for the terminal."""
    lab = grade.submission.lab
    made = Table(title=f"{grade.submission.name}: lab {lab.number}, {lab.title}: {grade.points} of {lab.points} points",
                 title_justify="left", expand=True)
    made.add_column("check", no_wrap=True)
    made.add_column("points", justify="right", no_wrap=True)
    made.add_column("what it looks at, and why points are lost", ratio=1)
    for result in grade.results:
        text = result.check.what + (f"\n{result.sentence()}" if result.loss else "")
        made.add_row(result.check.name, f"{result.points} of {result.check.points}", text, style="red" if result.loss else "")
    return made


def show(grade: Grade, number: int, total: int, console: Console) -> None:
    """Print a grade, the `number`th of `total`: whole if they are few, else in one line."""
    if total <= FEW:
        console.print(table(grade), markup=False, highlight=False)
        for note in grade.submission.notes:
            console.print(f"note: {note}", markup=False, highlight=False)
    else:
        console.print(f"{number:{len(str(total))}} of {total}  {grade.points:2} of {grade.submission.lab.points} points  "
                      f"{grade.submission.name}: {in_short(grade)}", markup=False, highlight=False, soft_wrap=True)


def in_short(grade: Grade) -> str:
    """What a grade lost, in a line."""
    if grade.submission.refused:
        return f"refused: {grade.submission.refused}"
    lost = f"lost {' '.join(grade.lost)}" if grade.lost else "all passed"
    if not grade.points:
        causes = {result.loss.seen for result in grade.results if result.loss}
        lost = "nothing passed" + (f": {min(causes)}" if len(causes) == 1 else "")
    return "; ".join([lost, *grade.submission.notes])


def show_all(grades: Sequence[Grade], console: Console) -> None:
    """Print what many grades have in common: how many submissions lost each check."""
    if len(grades) <= FEW:
        return
    for title, rows in by_lab(grades).items():
        made = Table(title=title, title_justify="left")
        made.add_column("check", no_wrap=True)
        made.add_column("lost by", justify="right", no_wrap=True)
        made.add_column("what it looks at")
        for check, lost in rows:
            made.add_row(check.name, str(lost), check.what)
        console.print(made, markup=False, highlight=False)


def by_lab(grades: Sequence[Grade]) -> dict[str, list[tuple[Check, int]]]:
    """For each lab a title with the mean of its points, and its checks with the number of submissions that lost them."""
    made = {}
    for lab in {grade.submission.lab.name: grade.submission.lab for grade in grades}.values():
        mine = [grade for grade in grades if grade.submission.lab.name == lab.name]
        mean = sum(grade.points for grade in mine) / len(mine)
        title = f"lab {lab.number}, {lab.title}: {len(mine)} submissions, {mean:.1f} of {lab.points} points on average"
        made[title] = [(check, sum(check.name in grade.lost for grade in mine)) for check in lab.check]
    return made


def table_text(grades: Sequence[Grade]) -> str:
    """Comma-separated values, as spreadsheets read them."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["submission", "lab", "points", "of", "lost", "notes"])
    for grade in grades:
        said = grade.submission
        writer.writerow([safe(word) for word in (said.name, said.lab.number, grade.points, said.lab.points, " ".join(grade.lost),
                                                 "; ".join([*([f"refused: {said.refused}"] if said.refused else []), *said.notes]))])
    return made.getvalue()


def safe(word: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = printable(str(word))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def gradescope(grade: Grade) -> dict[str, Any]:
    """results.json, as Gradescope's autograder reads it."""
    return {"score": grade.points, "output": "\n".join(f"note: {note}" for note in grade.submission.notes),
            "tests": [{"name": result.check.name, "score": result.points, "max_score": result.check.points,
                       "status": "failed" if result.loss else "passed",
                       "output": result.sentence() or result.check.what} for result in grade.results]}


def classroom(grade: Grade) -> dict[str, Any]:
    """What GitHub Classroom's grading reporter reads, before it is encoded."""
    full = grade.points == grade.submission.lab.points
    return {"version": 1, "status": "pass" if full else "fail", "max_score": grade.submission.lab.points,
            "tests": [{"name": result.check.name, "status": "fail" if result.loss else "pass", "score": result.points,
                       "message": result.sentence()} for result in grade.results]}


def gradescope_text(grades: Sequence[Grade]) -> str:
    """results.json of one submission, or of each by its name."""
    return as_json(grades, gradescope)


def classroom_text(grades: Sequence[Grade]) -> str:
    """The same for GitHub Classroom."""
    return as_json(grades, classroom)


def as_json(grades: Sequence[Grade], one: Any) -> str:
    """One submission's results; of several a table by name."""
    made = one(grades[0]) if len(grades) == 1 else {grade.submission.name: one(grade) for grade in grades}
    return json.dumps(made, indent=2) + "\n"


def junit(grades: Sequence[Grade]) -> str:
    """JUnit's XML: a suite for each submission, a failure for each lost point."""
    root = ElementTree.Element("testsuites")
    for grade in grades:
        suite = ElementTree.SubElement(root, "testsuite", name=grade.submission.name, tests=str(len(grade.results)),
                                       failures=str(len(grade.lost)), errors="0")
        for result in grade.results:
            case = ElementTree.SubElement(suite, "testcase", name=result.check.name,
                                          classname=f"lab{grade.submission.lab.number}")
            if result.loss:
                failure = ElementTree.SubElement(case, "failure", message=printable(result.loss.seen))
                failure.text = printable(result.sentence())
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def printable(text: str) -> str:
    """A text without characters that XML cannot have: a kernel can print anything."""
    return "".join(c if c in "\t\n" or " " <= c < "\ud800" else "?" for c in text)


def html(grades: Sequence[Grade]) -> str:
    """A page that needs no other file."""
    import jinja2  # pylint: disable=import-outside-toplevel
    from markupsafe import Markup  # pylint: disable=import-outside-toplevel
    pictures = any(result.picture for grade in grades for result in grade.results)
    return jinja2.Environment(autoescape=True).from_string(PAGE).render(
        grades=grades, labs=by_lab(grades), in_short=in_short, safe=Markup, styles=Markup(STYLES if pictures else ""))


def write(file: Path, text: str) -> None:
    """Write a report; "-" is the standard output."""
    if str(file) == "-":
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8", errors="replace")
