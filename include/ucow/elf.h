/* SPDX-License-Identifier: MIT */
/*
 * elf - the parts of the ELF format that executables use (System V ABI, chapters 4 and 5).
 */
#ifndef UCOW_ELF_H
#define UCOW_ELF_H

#include <stdint.h>

#define ELF_MAGIC 0x464C457Fu /* "\x7f" "ELF" as a little-endian word */
#define ELF_CLASS_32 1
#define ELF_DATA_LITTLE 1
#define ELF_VERSION 1
#define ELF_TYPE_EXEC 2
#define ELF_MACHINE_386 3

struct elf_header {
    uint32_t magic;
    uint8_t class, data, ident_version, pad[9];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

#define ELF_PT_LOAD 1
#define ELF_PT_INTERP 3
#define ELF_PF_X 1
#define ELF_PF_W 2
#define ELF_PF_R 4

struct elf_program_header {
    uint32_t type, offset, va, pa, filesz, memsz, flags, align;
};

#endif
