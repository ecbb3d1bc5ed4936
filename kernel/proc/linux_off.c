/* SPDX-License-Identifier: MIT */
/*
 * linux, left out: no process has such a state.
 */
#include "proc/linux.h"

#include <ucow/linux.h>

void linux_init(void)
{
}

struct linux_proc *linux_prepare(void)
{
    return NULL;
}

size_t linux_auxv(const struct image *image, uintptr_t random, uint32_t *words)
{
    (void)image, (void)random, (void)words;
    return 0;
}

int linux_inherit(struct proc *child)
{
    (void)child;
    return 0;
}

void linux_first_run(void)
{
}

void linux_free(struct linux_proc *state)
{
    (void)state;
}

void linux_drop(struct proc *proc)
{
    (void)proc;
}

void linux_switch(const struct proc *next)
{
    (void)next;
}

void linux_random(void *to, size_t n)
{
    (void)to, (void)n;
}

bool linux_end_others(void)
{
    return true;
}
