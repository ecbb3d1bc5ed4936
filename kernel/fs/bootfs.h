/* SPDX-License-Identifier: MIT */
/*
 * bootfs - the programs that were loaded with the kernel: the boot archive and boot modules.
 *
 * The list of files does not change after boot. A boot module replaces a file of the archive that has the
 * same name.
 */
#ifndef FS_BOOTFS_H
#define FS_BOOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

struct bootfs_file {
    char name[32];
    const uint8_t *data;
    size_t size;
    struct image *image; /* the parsed image, owned by proc/image_cache.c; NULL if not cached */
};

/* Add the files of a cpio archive (newc format). Prints a message and stops at the first error; files
 * before it stay. */
void bootfs_add_archive(const uint8_t *data, size_t size);

/* Add a file, or replace the file of that name. `data` is not copied. Prints a message if the name is empty
 * or too long or the list is full (the file is left out), or if the data is not an ELF file (it is still
 * added). */
void bootfs_add(const char *name, const uint8_t *data, size_t size);

/* Returns the file of that name; NULL if there is none. */
struct bootfs_file *bootfs_find(const char *name);

/* The number of files, and the i-th of them in order of names. */
size_t bootfs_count(void);
struct bootfs_file *bootfs_at(size_t i);

#endif
