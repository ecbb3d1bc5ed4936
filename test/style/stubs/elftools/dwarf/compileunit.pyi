# Types for elftools.dwarf.compileunit.
from elftools.dwarf.dwarfinfo import DWARFInfo

class CompileUnit:
    dwarfinfo: DWARFInfo
