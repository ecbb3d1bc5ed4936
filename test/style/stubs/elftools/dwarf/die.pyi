# Types for elftools.dwarf.die: the entries of the debugging information.
from collections.abc import Iterator
from typing import Any

class AttributeValue:
    value: Any  # int, bytes or a list, by its form

class DIE:
    tag: str
    attributes: dict[str, AttributeValue]
    def iter_children(self) -> Iterator[DIE]: ...
    def get_DIE_from_attribute(self, name: str) -> DIE: ...
