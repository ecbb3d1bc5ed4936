# Types for elftools.dwarf.dwarfinfo.
from collections.abc import Iterator

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.lineprogram import LineProgram

class DWARFInfo:
    def iter_CUs(self) -> Iterator[CompileUnit]: ...
    def get_CU_at(self, offset: int) -> CompileUnit: ...
    def line_program_for_CU(self, unit: CompileUnit) -> LineProgram | None: ...
