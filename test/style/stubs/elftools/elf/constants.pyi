# Types for elftools.elf.constants.
class SH_FLAGS:
    SHF_ALLOC: int
