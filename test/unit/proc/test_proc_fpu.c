/* SPDX-License-Identifier: MIT */
/*
 * proc_fpu.c: each process computes with its own registers (D17), and the FPU is disabled for others only.
 * The FPU here has one register.
 */
#include <stdlib.h>

#include <ucow/errno.h>

#include "arch/i386/fpu.h"
#include "mm/slab.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "unit.h"

struct cpu boot_cpu;
static struct proc first = {.pid = 1}, second = {.pid = 2}, child = {.pid = 3};
static int reg;      /* the register */
static bool enabled; /* or its next use traps */
static unsigned traps, objects, caches;
static bool no_memory;

void fpu_disable(void)
{
    enabled = false;
}

void fpu_enable(void)
{
    enabled = true;
}

void fpu_save(void *state)
{
    CHECK(enabled);
    *(int *)state = reg;
}

void fpu_load(const void *state)
{
    CHECK(enabled);
    reg = *(const int *)state;
}

void fpu_reset(void)
{
    CHECK(enabled);
    reg = 0;
}

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    (void)cache, (void)name;
    caches++;
    CHECK_EQ(bytes, FPU_STATE_BYTES);
    CHECK_EQ(align, FPU_STATE_ALIGN);
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    (void)cache;
    objects += !no_memory;
    return no_memory ? NULL : malloc(FPU_STATE_BYTES);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    (void)cache;
    objects--;
    free(object);
}

/* The process runs, and uses its register, which must have the value `expected`. */
static void use(struct proc *proc, int expected, int value)
{
    proc_fpu_switch(proc);
    CHECK_EQ(boot_cpu.fpu_open, enabled); /* so a switch asks memory, and not the CPU */
    current = proc;
    if (!enabled) {
        traps++;
        CHECK_EQ(proc_fpu_use(), 0);
    }
    CHECK(enabled && boot_cpu.fpu_open);
    CHECK_EQ(reg, expected);
    reg = value;
}

static void start(void)
{
    caches = 0;
    proc_fpu_init();
    CHECK_EQ(caches, 1);
    fpu_disable();
    boot_cpu = (struct cpu){0};
    current = &first;
    traps = 0;
    reg = 99; /* of the firmware */
}

static void end(void)
{
    proc_fpu_drop(&first);
    proc_fpu_drop(&second);
    proc_fpu_drop(&child);
    CHECK_EQ(objects, 0);
    CHECK(!enabled);
}

TEST(each_process_has_its_own)
{
    start();
    use(&first, 0, 1);
    use(&second, 0, 2);
    use(&first, 1, 3);
    use(&second, 2, 4);
    use(&first, 3, 0);
    end();
}

TEST(only_a_change_of_hands_traps)
{
    start();
    use(&first, 0, 1);
    CHECK_EQ(traps, 1);
    for (int i = 1; i < 10; i++) {
        proc_fpu_switch(&second); /* does not compute */
        CHECK(!enabled);
        use(&first, i, i + 1);
    }
    CHECK_EQ(traps, 10);
    for (int i = 10; i < 20; i++)
        use(&first, i, i + 1); /* the policy lets it run on */
    CHECK_EQ(traps, 10);
    end();
}

TEST(a_child_has_a_copy)
{
    start();
    use(&first, 0, 7);
    CHECK_EQ(proc_fpu_copy(&child), 0);
    use(&first, 7, 8);
    use(&child, 7, 9);
    use(&first, 8, 8);
    use(&second, 0, 5);
    current = &first; /* whose state is not in the registers */
    proc_fpu_drop(&child);
    CHECK_EQ(proc_fpu_copy(&child), 0);
    use(&child, 8, 1);
    end();
}

/* Its state is still in the registers, but the FPU was disabled for another process. */
TEST(a_child_has_a_copy_of_registers_that_are_not_enabled)
{
    start();
    use(&first, 0, 7);
    proc_fpu_switch(&second);
    proc_fpu_switch(&first);
    CHECK(!enabled);
    CHECK_EQ(proc_fpu_copy(&child), 0);
    CHECK(enabled && boot_cpu.fpu_open);
    use(&first, 7, 8);
    use(&child, 7, 9);
    end();
}

TEST(without_memory_nothing_changes)
{
    start();
    current = &second;
    no_memory = true;
    CHECK_EQ(proc_fpu_use(), -E_NO_MEM);
    CHECK(!enabled);
    no_memory = false;
    use(&first, 0, 1);
    no_memory = true;
    CHECK_EQ(proc_fpu_copy(&child), -E_NO_MEM);
    no_memory = false;
    use(&first, 1, 1);
    end();
}
