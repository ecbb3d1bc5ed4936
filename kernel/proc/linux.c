/* SPDX-License-Identifier: MIT */
/*
 * linux - the state of processes that run programs for Linux.
 */
#include "proc/linux.h"

#include <ucow/elf.h>
#include <ucow/errno.h>
#include <ucow/linux.h>

#include "arch/i386/cpu.h"
#include "arch/i386/gdt.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/image.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/sched.h"

static struct kmem_cache linux_cache;
static uint32_t random_state;

void linux_init(void)
{
    kmem_cache_init(&linux_cache, "linux state", sizeof(struct linux_proc), sizeof(void *));
}

/* Returns NULL if there is no memory. */
static struct linux_proc *new_state(struct proc *proc)
{
    struct linux_proc *state = kmem_cache_zalloc(&linux_cache);
    if (state == NULL)
        return NULL;
    state->self = state->leader = proc;
    list_init(&state->threads);
    waitq_init(&state->alone);
    return state;
}

struct linux_proc *linux_prepare(void)
{
    struct linux_proc *state = new_state(current);
    const struct linux_proc *old = current->linux_state;
    if (state != NULL && old != NULL) {
        state->ignored = old->ignored;
        state->blocked = old->blocked;
        state->pending = old->pending;
    }
    return state;
}

size_t linux_auxv(const struct image *image, uintptr_t random, uint32_t *words)
{
    const uint32_t auxv[] = {
        LINUX_AT_PHDR,   (uint32_t)image->headers_va,
        LINUX_AT_PHENT,  sizeof(struct elf_program_header),
        LINUX_AT_PHNUM,  (uint32_t)image->headers_n,
        LINUX_AT_PAGESZ, PAGE_SIZE,
        LINUX_AT_ENTRY,  (uint32_t)image->entry,
        LINUX_AT_UID,    0,
        LINUX_AT_EUID,   0,
        LINUX_AT_GID,    0,
        LINUX_AT_EGID,   0,
        LINUX_AT_CLKTCK, TICK_HZ,
        LINUX_AT_SECURE, 0,
        LINUX_AT_RANDOM, (uint32_t)random,
        LINUX_AT_NULL,   0,
    };
    _Static_assert(ARRAY_SIZE(auxv) <= LINUX_AUXV_WORDS, "exec.c has room for as many");
    memcpy(words, auxv, sizeof(auxv));
    return ARRAY_SIZE(auxv);
}

int linux_inherit(struct proc *child)
{
    const struct linux_proc *parent = current->linux_state;
    child->linux_state = new_state(child);
    if (child->linux_state == NULL)
        return -E_NO_MEM;
    child->linux_state->thread.tls = parent->thread.tls;
    if (parent->child != NULL)
        child->linux_state->thread = *parent->child;
    child->linux_state->ignored = parent->leader->linux_state->ignored;
    child->linux_state->blocked = parent->blocked;
    return 0;
}

void linux_first_run(void)
{
    const struct linux_proc *state = current->linux_state;
    if (state->thread.set_tid == 0)
        return;
    cpu_sti();
    copy_to_user((struct uaddr){state->thread.set_tid}, &current->pid, sizeof(current->pid)); /* or not */
    cpu_cli();
}

/* Have the running process use `tls`; 0: none. */
static void load_tls(uint64_t tls)
{
    gdt_set_tls(tls);
    this_cpu()->tls_loaded = tls != 0;
}

void linux_free(struct linux_proc *state)
{
    kmem_cache_free(&linux_cache, state);
}

void linux_drop(struct proc *proc)
{
    if (proc == current)
        load_tls(0);
    linux_free(proc->linux_state);
    proc->linux_state = NULL;
}

void linux_switch(const struct proc *next)
{
    load_tls(next->linux_state != NULL ? next->linux_state->thread.tls : 0);
}

void linux_set_tls(uint64_t tls)
{
    current->linux_state->thread.tls = tls;
    load_tls(tls);
}

/* xorshift32 (Marsaglia, "Xorshift RNGs", 2003), stirred by the time stamp counter. */
void linux_random(void *to, size_t n)
{
    uint8_t *bytes = to;
    for (size_t i = 0; i < n; i++) {
        random_state ^= (uint32_t)cpu_tsc() | 1u;
        random_state ^= random_state << 13;
        random_state ^= random_state >> 17;
        random_state ^= random_state << 5;
        bytes[i] = (uint8_t)(random_state >> 11);
    }
}
