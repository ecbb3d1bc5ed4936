/* SPDX-License-Identifier: MIT */
/*
 * image_cache.c: a program is parsed once, and forgotten when memory is needed unless a process runs it.
 */
#include "proc/image_cache.h"

#include <ucow/errno.h>

#include "fs/bootfs.h"
#include "journal.h"
#include "mm/image.h"
#include "proc/elf.h"
#include "watch/ledger.h"

#define FILES 300 /* more than a byte counts */

static struct bootfs_file files[FILES];
static struct image images[FILES];
static struct ledger_account *account;
static bool no_memory;
static int error;

struct bootfs_file *bootfs_find(const char *name)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

size_t bootfs_count(void)
{
    return FILES;
}

struct bootfs_file *bootfs_at(size_t i)
{
    CHECK(i < FILES);
    return &files[i];
}

static void destroy(struct vm_object *object)
{
    note("destroy %d", (int)((struct image *)object - images));
}

static const struct vm_object_ops ops = {.destroy = destroy};

struct image *image_new(const uint8_t *data)
{
    struct image *image = &images[*data];
    if (no_memory)
        return NULL;
    note("new %d", *data);
    *image = (struct image){.object = {.ops = &ops, .count = 1}, .data = data};
    return image;
}

int elf_parse(const void *file, size_t size, struct image *image)
{
    CHECK(image->data == file && size == 5000);
    note("parse %d", *image->data);
    return error;
}

void ledger_open(struct ledger_account *new)
{
    account = new;
}

static const uint8_t data[] = {0, 1, 2};

static void start(void)
{
    memset(files, 0, sizeof(files));
    for (size_t i = 0; i < 3; i++)
        files[i] = (struct bootfs_file){.data = &data[i], .size = 5000};
    strcpy(files[0].name, "a");
    strcpy(files[1].name, "b");
    strcpy(files[2].name, "c");
    image_cache_open_ledger();
    no_memory = false;
    error = 0;
    journal_clear();
}

TEST(a_program_is_parsed_once)
{
    struct image *image = NULL, *again = NULL;
    start();
    CHECK_EQ(image_cache_open("b", &image), 0);
    CHECK(image == &images[1] && files[1].image == image && image->object.count == 2);
    CHECK_EQ(image_cache_open("b", &again), 0);
    CHECK(again == image && image->object.count == 3);
    CHECK_STEPS("new 1", "parse 1");
    CHECK_EQ(account->held(account->context), 1);
}

TEST(what_is_no_program_is_not_kept)
{
    struct image *image = NULL;
    start();
    error = -E_INVAL_ELF;
    CHECK_EQ(image_cache_open("b", &image), -E_INVAL_ELF);
    CHECK_STEPS("new 1", "parse 1", "destroy 1");
    CHECK_EQ(images[1].object.count, 0); /* it is dropped once */
    no_memory = true;
    CHECK_EQ(image_cache_open("b", &image), -E_NO_MEM);
    CHECK_EQ(image_cache_open("none", &image), -E_NOENT);
    CHECK(image == NULL && files[1].image == NULL);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(account->held(account->context), 0);
}

TEST(only_programs_that_no_process_runs_are_forgotten)
{
    struct image *image[3];
    start();
    for (int i = 0; i < 3; i++)
        image_cache_open(files[i].name, &image[i]);
    CHECK_EQ(account->held(account->context), 3);
    image_drop(image[0]);
    image_drop(image[2]);
    files[FILES - 1].image = &images[FILES - 1];
    images[FILES - 1].object = (struct vm_object){.ops = &ops, .count = 1};
    CHECK_EQ(account->held(account->context), 4);
    journal_clear();
    account->shrink(account->context);
    CHECK_STEPS("destroy 0", "destroy 2", "destroy 299");
    CHECK(files[0].image == NULL && files[1].image == image[1] && files[2].image == NULL);
    CHECK_EQ(account->held(account->context), 1);
    CHECK_STR_EQ(account->name, "program images");
}
