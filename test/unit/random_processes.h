/* SPDX-License-Identifier: MIT */
/*
 * random_processes - processes that fork, end, read, write and unmap at random, compared with a model in
 * arrays.
 */
#ifndef RANDOM_PROCESSES_H
#define RANDOM_PROCESSES_H

#include <string.h>

#include "host_mm.h"
#include "mm/shmem.h"

#define PAGES 6 /* the last two are shared memory */
#define PRIVATE_PAGES 4
#define PROCESSES 6
#define STEPS 20000

/* How a test observes memory: `read` reads one byte, and `check` checks all processes every `steps` steps. */
struct look {
    uint8_t (*read)(struct mm *mm, uintptr_t va);
    void (*check)(struct mm *const *mms, size_t mms_n);
    int steps;
};

/* The byte that each process must read from each page; 0 if it was not written. */
static struct {
    struct mm *mms[PROCESSES];
    uint8_t own[PROCESSES][PRIVATE_PAGES];
    uint8_t common[PAGES - PRIVATE_PAGES];
    size_t n;
} random_world;

static inline uint8_t *model_byte(size_t process, size_t page)
{
    return page < PRIVATE_PAGES ? &random_world.own[process][page]
                                : &random_world.common[page - PRIVATE_PAGES];
}

static inline void random_copy(size_t to, size_t from, struct mm *mm)
{
    random_world.mms[to] = mm;
    memmove(random_world.own[to], random_world.own[from], PRIVATE_PAGES);
}

static inline void random_access(size_t process, uintptr_t base, const struct look *look)
{
    size_t page = unit_below(PAGES);
    uintptr_t va = base + page * PAGE_SIZE;
    struct mm *mm = random_world.mms[process];

    CHECK_EQ(look->read(mm, va), *model_byte(process, page));
    if (unit_below(2) == 0) {
        *model_byte(process, page) = (uint8_t)unit_random();
        host_write(mm, va, *model_byte(process, page));
    } else if (page < PRIVATE_PAGES && unit_below(4) == 0) {
        CHECK_EQ(mm_munmap(mm, va, PAGE_SIZE), 0);
        host_map(mm, va, 1, VM_READ | VM_WRITE, NULL);
        *model_byte(process, page) = 0;
    }
}

static inline void random_step(uintptr_t base, const struct look *look)
{
    size_t process = unit_below((unsigned)random_world.n), last = random_world.n - 1;

    if (random_world.n < PROCESSES && unit_below(8) == 0) {
        random_copy(last + 1, process, host_mm_dup(random_world.mms[process]));
        random_world.n++;
    } else if (last > 0 && unit_below(8) == 0) {
        host_mm_drop(random_world.mms[process]);
        random_copy(process, last, random_world.mms[last]);
        random_world.n--;
    } else {
        random_access(process, base, look);
    }
}

/* A process with PAGES pages from `base` on. */
static inline struct mm *random_first(uintptr_t base)
{
    struct mm *mm = host_mm_new();

    host_map(mm, base, PRIVATE_PAGES, VM_READ | VM_WRITE, NULL);
    host_map(mm, base + PRIVATE_PAGES * PAGE_SIZE, PAGES - PRIVATE_PAGES, VM_READ | VM_WRITE | VM_SHARED,
             shmem_new(mm->lineage));
    return mm;
}

/* Run `first`, made by random_first(base), and its descendants, and then end them all. */
static inline void random_lives(struct mm *first, uintptr_t base, const struct look *look)
{
    memset(&random_world, 0, sizeof(random_world));
    random_world.mms[0] = first;
    random_world.n = 1;
    for (int step = 0; step < STEPS; step++) {
        random_step(base, look);
        if (step % look->steps == 0)
            look->check(random_world.mms, random_world.n);
    }
    while (random_world.n != 0)
        host_mm_drop(random_world.mms[--random_world.n]);
}

#endif
