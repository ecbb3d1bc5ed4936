/* SPDX-License-Identifier: MIT */
/*
 * bootfs - an array of files, sorted by name, and a reader of cpio archives (man 5 cpio, "New ASCII Format").
 */
#include "fs/bootfs.h"

#include <ucow/elf.h>

#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"

#define FILES_MAX 128

static struct bootfs_file files[FILES_MAX]; /* sorted by name */
static size_t files_n;

struct cpio_header {
    char magic[6], ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8];
    char devmajor[8], devminor[8], rdevmajor[8], rdevminor[8], namesize[8], check[8];
};

#define MODE_TYPE 0170000u
#define MODE_REGULAR 0100000u

/* Returns the index of the first file whose name is not less than `name`. */
static size_t position(const char *name)
{
    size_t low = 0, high = files_n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(files[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct bootfs_file *bootfs_find(const char *name)
{
    size_t i = position(name);
    return i < files_n && strcmp(files[i].name, name) == 0 ? &files[i] : NULL;
}

size_t bootfs_count(void)
{
    return files_n;
}

struct bootfs_file *bootfs_at(size_t i)
{
    return &files[i];
}

static bool looks_like_elf(const uint8_t *data, size_t size)
{
    const uint32_t magic = ELF_MAGIC;
    return size >= sizeof(magic) && memcmp(data, &magic, sizeof(magic)) == 0;
}

void bootfs_add(const char *name, const uint8_t *data, size_t size)
{
    struct bootfs_file *file = bootfs_find(name);
    if (name[0] == '\0' || strlen(name) >= sizeof(file->name)) {
        kprintf("bootfs: a file was left out: its name \"%s\" is empty or longer than %u characters\n", name,
                (unsigned)sizeof(file->name) - 1);
        return;
    }
    if (!looks_like_elf(data, size))
        kprintf("bootfs: \"%s\" is no ELF program: executing it will fail\n", name);
    if (file == NULL && files_n == FILES_MAX) {
        kprintf("bootfs: \"%s\" was left out: there are %u files already\n", name, FILES_MAX);
        return;
    }
    if (file == NULL) {
        size_t i = position(name);
        memmove(&files[i + 1], &files[i], (files_n - i) * sizeof(files[0]));
        files_n++;
        file = &files[i];
    }
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
