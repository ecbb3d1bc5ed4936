/* SPDX-License-Identifier: MIT */
/*
 * image_cache - file->image owns one reference to the image, and so caches the image's pages too.
 */
#include "proc/image_cache.h"

#include <ucow/errno.h>

#include "fs/bootfs.h"
#include "mm/image.h"
#include "proc/elf.h"
#include "watch/ledger.h"

int image_cache_open(const char *name, struct image **image)
{
    struct bootfs_file *file = bootfs_find(name);
    if (file == NULL)
        return -E_NOENT;
    if (file->image == NULL) {
        struct image *parsed = image_new(file->data);
        if (parsed == NULL)
            return -E_NO_MEM;
        int error = elf_parse(file->data, file->size, parsed);
        if (error != 0) {
            image_drop(parsed);
            return error;
        }
        file->image = parsed;
    }
    vm_object_hold(&file->image->object);
    *image = file->image;
    return 0;
}

static void forget_unused(void *context)
{
    (void)context;
    for (size_t i = 0; i < bootfs_count(); i++) {
        struct bootfs_file *file = bootfs_at(i);
        if (file->image != NULL && file->image->object.count == 1) {
            image_drop(file->image);
            file->image = NULL;
        }
    }
}

static size_t kept(void *context)
{
    size_t n = 0;
    (void)context;
    for (size_t i = 0; i < bootfs_count(); i++)
        n += bootfs_at(i)->image != NULL;
    return n;
}

void image_cache_open_ledger(void)
{
    static struct ledger_account account = {.name = "program images", .held = kept, .shrink = forget_unused};
    ledger_open(&account);
}
