/* SPDX-License-Identifier: MIT */
/*
 * multiboot - reads and checks the loader's structures.
 */
#include "arch/i386/multiboot.h"

#include <stdbool.h>

#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"

#define INFO_MEMORY BIT(0)
#define INFO_CMDLINE BIT(2)
#define INFO_MODULES BIT(3)
#define INFO_MEMORY_MAP BIT(6)

struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
    uint32_t mmap_length, mmap_addr;
};

struct multiboot_module {
    uint32_t start, end, string, reserved;
};

struct multiboot_mmap_entry {
    uint32_t size; /* of the rest of the entry */
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

#define MMAP_USABLE 1
#define MMAP_MAX_ENTRIES 128
#define LOW_MEMORY_END 0xA0000u
#define KIB 1024u
#define MODULE_STRING_MAX 8192

static void problem(struct boot_info *boot, const char *text)
{
    if (boot->problems_n < ARRAY_SIZE(boot->problems))
        boot->problems[boot->problems_n++] = text;
}

/* The `bytes` at physical address `pa`; NULL if the linear map does not cover them. */
static const void *reach(uint32_t pa, uint32_t bytes)
{
    return pa != 0 && pa < KMEMSIZE && bytes <= KMEMSIZE - pa ? phys_to_virt(pa) : NULL;
}

/* One pass over the memory map: adds the usable entries, or reserves the others. False: the map is invalid.
 */
static bool read_mmap(struct memmap *map, const struct multiboot_info *info, bool usable)
{
    const char *bytes = reach(info->mmap_addr, info->mmap_length);
    if (bytes == NULL)
        return false;
    struct multiboot_mmap_entry entry;
    uint32_t at = 0, n = 0;
    while (at + sizeof(entry) <= info->mmap_length) {
        memcpy(&entry, bytes + at, sizeof(entry));
        if (entry.size < sizeof(entry) - sizeof(entry.size) || entry.size > info->mmap_length ||
            ++n > MMAP_MAX_ENTRIES)
            return false;
        if (usable && entry.type == MMAP_USABLE)
            memmap_add(map, entry.base, entry.length);
        if (!usable && entry.type != MMAP_USABLE)
            memmap_reserve(map, entry.base, entry.base + MIN(entry.length, UINT64_MAX - entry.base));
        at += entry.size + sizeof(entry.size);
    }
    return n > 0;
}

static void read_memory(struct boot_info *boot, const struct multiboot_info *info)
{
    struct memmap *map = &boot->memory;
    memmap_init(map);
    if ((info->flags & INFO_MEMORY_MAP) && read_mmap(map, info, true) && map->n > 0) {
        read_mmap(map, info, false);
        return;
    }
    if (info->flags & INFO_MEMORY_MAP)
        problem(boot, "the memory map is broken; its two sizes are used instead");
    memmap_init(map);
    if (info->flags & INFO_MEMORY) {
        memmap_add(map, 0, MIN((uint64_t)info->mem_lower * KIB, (uint64_t)LOW_MEMORY_END));
        memmap_add(map, 1024 * KIB, (uint64_t)info->mem_upper * KIB);
    }
}

/* The number of bytes from physical address `pa` to the end of what the linear map covers; 0 if `pa` is 0. */
static size_t room_at(uint32_t pa)
{
    return pa != 0 && pa < KMEMSIZE ? KMEMSIZE - pa : 0;
}

/* Set `name`, which is all 0, to that of module number `i`: the word after the path, the path's base name if
 * there is no such word, or `module` and the number if there is no string or no name in it. */
static void module_name(char *name, uint32_t string_pa, uint32_t i)
{
    size_t length = MIN(room_at(string_pa), (size_t)MODULE_STRING_MAX), at = 0, n = 0;
    const char *string = length > 0 ? phys_to_virt(string_pa) : "";
    length = strnlen(string, length);
    while (at < length && string[at] != ' ')
        at++;
    size_t path_end = at;
    while (at < length && string[at] == ' ')
        at++;
    if (at == length) /* no word follows */
        for (at = path_end; at > 0 && string[at - 1] != '/';)
            at--;
    while (n < BOOT_NAME_BYTES - 1 && at + n < length && string[at + n] != ' ')
        n++;
    memcpy(name, string + at, n);
    if (n == 0)
        snprintf(name, BOOT_NAME_BYTES, "module%u", (unsigned)i);
}

static void read_modules(struct boot_info *boot, const struct multiboot_info *info)
{
    struct multiboot_module module;
    for (uint32_t i = 0; i < info->mods_count; i++) {
        const char *entry = reach(info->mods_addr, (i + 1) * sizeof(module));
        if (entry == NULL) {
            problem(boot, "the list of boot modules lies outside the memory we can reach; it is left out");
            return;
        }
        if (i == BOOT_MODULES_MAX) {
            problem(boot, "there are more than 16 boot modules; the others are left out");
            return;
        }
        memcpy(&module, entry + i * sizeof(module), sizeof(module));
        if (module.end < module.start || reach(module.start, module.end - module.start) == NULL) {
            problem(boot, "a boot module lies outside the memory we can reach; it is left out");
            continue;
        }
        struct boot_module *to = &boot->modules[boot->modules_n++];
        module_name(to->name, module.string, i);
        to->start = module.start;
        to->end = module.end;
    }
}

/* Set boot->cmdline, which is all 0. */
static void read_cmdline(struct boot_info *boot, uint32_t pa)
{
    size_t room = MIN(room_at(pa), sizeof(boot->cmdline));
    if (room == 0) {
        problem(boot, "the command line lies outside the memory we can reach; it is left out");
        return;
    }
    size_t length = strnlen(phys_to_virt(pa), room);
    if (length == room) {
        problem(boot, "the command line is too long; its end is left out");
        length = MIN(room, sizeof(boot->cmdline) - 1);
    }
    memcpy(boot->cmdline, phys_to_virt(pa), length);
}

void multiboot_read(struct boot_info *boot, paddr_t info_pa, paddr_t kernel_end)
{
    struct multiboot_info info;
    memset(boot, 0, sizeof(*boot));
    const void *at = reach(info_pa, sizeof(info));
    if (at == NULL) {
        problem(boot, "the loader's information lies outside the memory we can reach");
        return;
    }
    memcpy(&info, at, sizeof(info));
    if ((info.flags & INFO_CMDLINE) && info.cmdline != 0)
        read_cmdline(boot, info.cmdline);
    if (info.flags & INFO_MODULES)
        read_modules(boot, &info);
    read_memory(boot, &info);

    memmap_reserve(&boot->memory, 0, PAGE_SIZE); /* so that 0 can mean no frame */
    memmap_reserve(&boot->memory, 1024 * KIB, kernel_end);
    for (size_t i = 0; i < boot->modules_n; i++)
        memmap_reserve(&boot->memory, boot->modules[i].start, boot->modules[i].end);
}
