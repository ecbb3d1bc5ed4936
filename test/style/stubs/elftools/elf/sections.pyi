# Types for elftools.elf.sections: a section is indexed by the fields of its header.
from collections.abc import Iterator
from typing import Any

class Symbol:
    name: str
    def __getitem__(self, field: str) -> Any: ...  # int, or a container for st_info

class Section:
    name: str
    def __getitem__(self, field: str) -> int: ...
    def data(self) -> bytes: ...
    def iter_symbols(self) -> Iterator[Symbol]: ...
    def get_symbol_by_name(self, name: str) -> list[Symbol] | None: ...
