/* SPDX-License-Identifier: MIT */
/*
 * bootfs - files, a hash table of their names, their order, and a reader of cpio archives (man 5 cpio, "New
 * ASCII Format").
 */
#include "fs/bootfs.h"

#include <ucow/elf.h>

#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"

#define FILES_MAX 192

#define SLOTS 256 /* more than FILES_MAX, so that a search ends at a free one; a power of two */

static struct bootfs_file files[FILES_MAX];
static size_t files_n;
static uint8_t order[FILES_MAX]; /* the numbers of the files, sorted by name */
static uint8_t slots[SLOTS];     /* by hash of the name, else the next free one: number + 1; 0: free */

struct cpio_header {
    char magic[6], ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8];
    char devmajor[8], devminor[8], rdevmajor[8], rdevminor[8], namesize[8], check[8];
};

#define MODE_TYPE 0170000u
#define MODE_REGULAR 0100000u

/* Returns the first place in `order` of a file whose name is not less than `name`. */
static size_t position(const char *name)
{
    size_t low = 0, high = files_n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(files[order[middle]].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns the slot of `name`, or the free one where it would be. */
static uint8_t *find_slot(const char *name)
{
    uint32_t hash = 0;
    for (const char *c = name; *c != '\0'; c++)
        hash = hash * 31 + (uint8_t)*c;
    while (slots[hash % SLOTS] != 0 && strcmp(files[slots[hash % SLOTS] - 1].name, name) != 0)
        hash++;
    return &slots[hash % SLOTS];
}

struct bootfs_file *bootfs_find(const char *name)
{
    uint8_t slot = *find_slot(name);
    return slot == 0 ? NULL : &files[slot - 1];
}

size_t bootfs_count(void)
{
    return files_n;
}

struct bootfs_file *bootfs_at(size_t i)
{
    return &files[order[i]];
}

static bool looks_like_elf(const uint8_t *data, size_t size)
{
    const uint32_t magic = ELF_MAGIC;
    return size >= sizeof(magic) && memcmp(data, &magic, sizeof(magic)) == 0;
}

void bootfs_add(const char *name, const uint8_t *data, size_t size)
{
    if (name[0] == '\0' || strlen(name) >= sizeof(files[0].name)) {
        kprintf("bootfs: a file was left out: its name \"%s\" is empty or longer than %u characters\n", name,
                (unsigned)sizeof(files[0].name) - 1);
        return;
    }
    if (!looks_like_elf(data, size))
        kprintf("bootfs: \"%s\" is no ELF program: executing it will fail\n", name);
    uint8_t *slot = find_slot(name);
    if (*slot == 0 && files_n == FILES_MAX) {
        kprintf("bootfs: \"%s\" was left out: there are %u files already\n", name, FILES_MAX);
        return;
    }
    if (*slot == 0) {
        size_t i = position(name);
        memmove(&order[i + 1], &order[i], files_n - i);
        order[i] = (uint8_t)files_n;
        *slot = (uint8_t)++files_n;
    }
    struct bootfs_file *file = &files[*slot - 1];
    *file = (struct bootfs_file){.data = data, .size = size};
    strlcpy(file->name, name, sizeof(file->name));
}

/* Read eight hexadecimal digits into *value. Returns false if one of them is not a digit. */
static bool read_hex(const char *digits, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        char c = digits[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value * 16 + digit;
    }
    return true;
}

/* Add the member at data[*at] and advance *at past it. Returns false at the end of the archive or on an
 * error. */
static bool add_member(const uint8_t *data, size_t size, size_t *at)
{
    struct cpio_header header;
    uint32_t name_bytes, file_bytes, mode;
    if (size - *at < sizeof(header))
        goto broken;
    memcpy(&header, data + *at, sizeof(header));
    if (memcmp(header.magic, "070701", 6) != 0 || !read_hex(header.namesize, &name_bytes) ||
        !read_hex(header.filesize, &file_bytes) || !read_hex(header.mode, &mode))
        goto broken;

    const char *name = (const char *)data + *at + sizeof(header);
    size_t room = size - *at - sizeof(header);
    if (name_bytes == 0 || name_bytes > room || name[name_bytes - 1] != '\0')
        goto broken;
    if (strcmp(name, "TRAILER!!!") == 0)
        return false;
    size_t start = ALIGN_UP(*at + sizeof(header) + name_bytes, 4u);
    if (start > size || file_bytes > size - start)
        goto broken;
    if ((mode & MODE_TYPE) == MODE_REGULAR)
        bootfs_add(name, data + start, file_bytes);
    *at = MIN(ALIGN_UP(start + file_bytes, 4u), size);
    return true;
broken:
    kprintf("bootfs: the archive is broken at byte %zu of %zu: what follows is left out\n", *at, size);
    return false;
}

void bootfs_add_archive(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (add_member(data, size, &at))
        ;
}
