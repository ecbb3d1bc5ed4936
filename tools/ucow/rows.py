# SPDX-License-Identifier: MIT
"""Events as rows in files, for spreadsheets, pandas, R and the like."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from .trace import Record


def write_csv(records: Iterable[Record], file: Path) -> None:
    """A column for each field of any of the events; a field that an event does not have is empty."""
    rows = [record.row() for record in records]
    columns = dict.fromkeys(name for row in rows for name in row)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(records: Iterable[Record], file: Path) -> None:
    """One JSON object a line."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(record.row()) + "\n" for record in records)
