/* SPDX-License-Identifier: MIT */
/*
 * linuxtls - set_thread_area() and %gs: each process has its own descriptor, which fork copies, clone()
 * replaces and exec drops; and every other descriptor is refused.
 */
#include "linux.h"

#define SELECTOR (LINUX_TLS_ENTRY * 8 + 3)
#define TURNS 50

static struct linux_user_desc descriptor(const void *base)
{
    return (struct linux_user_desc){UINT32_MAX, (uint32_t)(uintptr_t)base, 0xFFFFF, LINUX_TLS_FLAT};
}

static void load_gs(unsigned selector)
{
    __asm__ volatile("movw %w0, %%gs" : : "r"(selector) : "memory");
}

static uint32_t read_gs(void)
{
    uint32_t word;
    __asm__ volatile("movl %%gs:0, %0" : "=r"(word));
    return word;
}

/* Read the thread's word often, while others with other descriptors run. Returns whether it stayed. */
static bool stays(uint32_t word)
{
    for (int i = 0; i < TURNS; i++) {
        if (read_gs() != word)
            return false;
        lx_sched_yield();
    }
    return true;
}

static void check_refused(const void *base)
{
    struct linux_user_desc desc = descriptor(base);
    for (unsigned bit = 0; bit < 7; bit++) {
        desc = descriptor(base);
        desc.bits ^= 1u << bit;
        EXPECT(lx_set_thread_area(&desc), -LINUX_EINVAL);
    }
    desc = descriptor(base);
    desc.limit = 0xFFFFE;
    EXPECT(lx_set_thread_area(&desc), -LINUX_EINVAL);
    for (unsigned entry = 0; entry < 64; entry++) {
        desc = descriptor(base);
        desc.entry = entry;
        if (entry != LINUX_TLS_ENTRY)
            EXPECT(lx_set_thread_area(&desc), -LINUX_EINVAL);
    }
    EXPECT(lx_set_thread_area((void *)8), -LINUX_EFAULT);
}

/* Any selector in %gs: it is loaded, or ends the process that loads it. */
static void check_selectors(void)
{
    enum { SELECTORS = 160, SEGV = 11 };
    int loaded = 0;
    for (unsigned selector = 0; selector < SELECTORS; selector++) {
        int status = -1, child = lx_fork();
        if (child == 0) {
            load_gs(selector < SELECTORS / 2 ? selector : 0xFFFF - (SELECTORS - selector));
            lx_exit_group(0);
        }
        EXPECT(lx_wait4(child, &status, 0, NULL), child);
        EXPECT(status == 0 || status == SEGV, true);
        loaded += status == 0;
    }
    EXPECT(loaded > 0, true);
}

static int thread_result, thread_tid = -1;
static uint32_t thread_word = 0x33333333;

static int thread(void)
{
    load_gs(SELECTOR);
    thread_result = stays(0x33333333) ? 1 : 2;
    return 0;
}

static void check_thread(void)
{
    static uint32_t stack[256];
    struct linux_user_desc desc = descriptor(&thread_word);
    desc.entry = LINUX_TLS_ENTRY;
    stack[255] = (uint32_t)(uintptr_t)thread;
    int pid = clone_onto(LINUX_CLONE_VM | LINUX_CLONE_SETTLS | LINUX_CLONE_CHILD_SETTID |
                             LINUX_CLONE_CHILD_CLEARTID,
                         &stack[255], &desc, &thread_tid);
    EXPECT(pid > 0, true);
    EXPECT(stays(0x11111111), true);
    EXPECT(lx_wait4(pid, NULL, 0, NULL), pid);
    EXPECT(thread_result, 1);
    EXPECT(thread_tid, 0); /* set at its start, cleared at its end */
}

int linux_main(const struct start *start)
{
    static uint32_t parent_word = 0x11111111, child_word = 0x22222222;
    struct linux_user_desc desc;
    int status = -1;
    (void)start;
    check_refused(&parent_word);
    desc = descriptor(&parent_word);
    EXPECT(lx_set_thread_area(&desc), 0);
    EXPECT(desc.entry, LINUX_TLS_ENTRY);
    load_gs(SELECTOR);
    EXPECT(read_gs(), 0x11111111);
    desc.entry = UINT32_MAX;
    EXPECT(lx_set_thread_area(&desc), -LINUX_ESRCH);
    int child = lx_fork();
    if (child == 0) {
        EXPECT(read_gs(), 0x11111111);
        desc = descriptor(&child_word);
        desc.entry = LINUX_TLS_ENTRY;
        EXPECT(lx_set_thread_area(&desc), 0);
        load_gs(SELECTOR);
        EXPECT(stays(0x22222222), true);
        return 7;
    }
    EXPECT(stays(0x11111111), true);
    EXPECT(lx_wait4(child, &status, 0, NULL), child);
    EXPECT(status, 7 << 8);
    check_thread();
    check_selectors();
    print("linuxtls pass.\n");
    return 0;
}
