# Types for elftools.dwarf.lineprogram.
from typing import Any

class LineState:
    address: int
    file: int
    line: int
    end_sequence: bool

class LineProgramEntry:
    state: LineState | None

class LineProgram:
    def __getitem__(self, field: str) -> Any: ...  # a field of the header
    def get_entries(self) -> list[LineProgramEntry]: ...
