/* SPDX-License-Identifier: MIT */
/*
 * bootfs - the programs that came with the kernel: the boot archive and boot modules.
 *
 * A list of names and bytes, fixed at boot. A module replaces a file of the archive by its name.
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
    struct image *image; /* for proc/image_cache.c: what it made of the bytes, or NULL */
};

/* Read a cpio archive (newc format): its files are added. What is wrong with it is said, and what
 * comes before the error is kept. */
void bootfs_add_archive(const uint8_t *data, size_t size);

/* Add a file, or replace the one of that name. Said: a name that is too long or empty, bytes that
 * are no ELF program (it is added all the same), a full list. */
void bootfs_add(const char *name, const uint8_t *data, size_t size);

/* The file of that name, or NULL. */
struct bootfs_file *bootfs_find(const char *name);

/* How many files there are, and each of them, by name. */
size_t bootfs_count(void);
struct bootfs_file *bootfs_at(size_t i);

#endif
