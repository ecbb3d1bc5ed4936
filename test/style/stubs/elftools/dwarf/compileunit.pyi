# Types for elftools.dwarf.compileunit.
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DWARFInfo

class CompileUnit:
    dwarfinfo: DWARFInfo
    def get_top_DIE(self) -> DIE: ...
