/* SPDX-License-Identifier: MIT */
/*
 * linux.c: what the state of a program for Linux has at exec and after a fork, its TLS, and its random bytes.
 */
#include "proc/linux.h"

#include <stdlib.h>
#include <string.h>

#include <ucow/elf.h>
#include <ucow/errno.h>
#include <ucow/linux.h>

#include "arch/i386/gdt.h"
#include "mm/image.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "unit.h"

struct cpu boot_cpu;
bool host_interrupts_on;
static struct proc parent, leader, child;
static bool no_memory;
static int caches; /* made */
static int states; /* allocated */
static uint64_t tls, clock;
static int written; /* the pid that was written to the program's memory; 0: none */

uint64_t cpu_tsc(void)
{
    return clock;
}

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    (void)cache;
    caches++;
    CHECK_STR_EQ(name, "linux state");
    CHECK_EQ(bytes, sizeof(struct linux_proc));
    CHECK_EQ(align, sizeof(void *));
}

void *kmem_cache_zalloc(struct kmem_cache *cache)
{
    (void)cache;
    states += !no_memory;
    return no_memory ? NULL : calloc(1, sizeof(struct linux_proc));
}

void kmem_cache_free(struct kmem_cache *cache, void *state)
{
    (void)cache;
    states--;
    free(state);
}

void gdt_set_tls(uint64_t descriptor)
{
    tls = descriptor;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    CHECK(host_interrupts_on); /* the page may have to be read from the disk */
    CHECK(to.va == 0x800 && n == 4);
    memcpy(&written, from, 4);
    return -E_INVAL; /* the program learns nothing of that */
}

static void start(void)
{
    linux_init();
    parent = (struct proc){.pid = 300};
    leader = (struct proc){.pid = 299};
    child = (struct proc){.pid = 301};
    current = &parent;
    no_memory = false;
    states = written = 0;
    tls = 99;
    host_interrupts_on = false;
}

/* xorshift32 (Marsaglia 2003) from 0, where each step begins with the clock, as computed by another program.
 * The first test: no other has drawn a number. */
TEST(random_bytes_are_those_of_the_generator)
{
    static const uint8_t expected[] = {143, 235, 96, 166, 196, 51, 60, 18};
    uint8_t bytes[sizeof(expected)];
    clock = 0x12345678;
    linux_random(bytes, sizeof(bytes));
    CHECK(memcmp(bytes, expected, sizeof(expected)) == 0);
    clock = 0;
}

TEST(a_first_program_has_nothing)
{
    static const struct linux_proc zero;
    start();
    struct linux_proc *state = linux_prepare();
    CHECK(state->self == &parent && state->leader == &parent);
    CHECK(list_empty(&state->threads) && list_empty(&state->alone.sleepers));
    CHECK(state->ignored == 0 && state->blocked == 0 && state->pending == 0);
    CHECK_EQ(memcmp(&state->thread, &zero.thread, sizeof(zero.thread)), 0);
    linux_free(state);
    CHECK_EQ(states, 0);
    no_memory = true;
    CHECK(linux_prepare() == NULL);
}

TEST(a_next_program_has_its_signals)
{
    struct linux_proc old = {
        .ignored = 1ull << 40, .blocked = 1ull << 41, .pending = 1ull << 42, .thread.tls = 5};
    start();
    parent.linux_state = &old;
    struct linux_proc *state = linux_prepare();
    CHECK(state->ignored == old.ignored && state->blocked == old.blocked && state->pending == old.pending);
    CHECK_EQ(state->thread.tls, 0);
    linux_free(state);
    no_memory = true;
    CHECK(linux_prepare() == NULL);
}

TEST(a_child_has_what_fork_or_clone_gives_it)
{
    struct linux_proc first = {.ignored = 1ull << 40}, second = {.leader = &leader,
                                                                 .ignored = 7,
                                                                 .blocked = 1ull << 41,
                                                                 .pending = 1,
                                                                 .thread = {1ull << 33, 2, 3}};
    struct linux_thread given = {1ull << 34, 5, 6};
    start();
    leader.linux_state = &first;
    parent.linux_state = &second;
    CHECK_EQ(linux_inherit(&child), 0);
    struct linux_proc *state = child.linux_state;
    CHECK(state->self == &child && state->leader == &child);
    CHECK(state->ignored == first.ignored && state->blocked == second.blocked && state->pending == 0);
    CHECK(state->thread.tls == 1ull << 33 && state->thread.set_tid == 0 && state->thread.clear_tid == 0);
    linux_drop(&child);
    CHECK(child.linux_state == NULL && states == 0);
    CHECK_EQ(tls, 99); /* it is not the one that runs */
    second.child = &given;
    CHECK_EQ(linux_inherit(&child), 0);
    state = child.linux_state;
    CHECK(state->thread.tls == 1ull << 34 && state->thread.set_tid == 5 && state->thread.clear_tid == 6);
    linux_drop(&child);
    no_memory = true;
    CHECK_EQ(linux_inherit(&child), -E_NO_MEM);
    CHECK(child.linux_state == NULL);
}

TEST(a_new_thread_may_write_its_pid)
{
    struct linux_proc state = {.thread.set_tid = 0};
    start();
    parent.linux_state = &state;
    linux_first_run();
    CHECK_EQ(written, 0);
    state.thread.set_tid = 0x800;
    linux_first_run();
    CHECK_EQ(written, 300);
    CHECK(!host_interrupts_on);
}

TEST(tls_goes_with_the_process_that_runs)
{
    struct linux_proc state = {.thread.tls = 0};
    start();
    parent.linux_state = &state;
    linux_set_tls(1ull << 40);
    CHECK(tls == 1ull << 40 && state.thread.tls == tls && this_cpu()->tls_loaded);
    linux_switch(&leader);
    CHECK(tls == 0 && !this_cpu()->tls_loaded);
    linux_switch(&parent);
    CHECK(tls == 1ull << 40 && this_cpu()->tls_loaded);
    parent.linux_state = linux_prepare();
    linux_drop(&parent); /* at exec, or at its end */
    CHECK(tls == 0 && !this_cpu()->tls_loaded && parent.linux_state == NULL);
}

TEST(the_vector_tells_where_things_are)
{
    static const struct image image = {.headers_va = 0x8048034, .headers_n = 6, .entry = 0x8048100};
    static const uint32_t expected[] = {3,  0x8048034, 4,  sizeof(struct elf_program_header),
                                        5,  6,         6,  4096,
                                        9,  0x8048100, 11, 0,
                                        12, 0,         13, 0,
                                        14, 0,         17, 100,
                                        23, 0,         25, 0xAFFFFFE0,
                                        0,  0};
    uint32_t words[LINUX_AUXV_WORDS];
    size_t n = linux_auxv(&image, 0xAFFFFFE0, words);
    CHECK_EQ(n, sizeof(expected) / 4);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(words[i], expected[i]);
}

TEST(states_have_a_cache_of_their_own)
{
    caches = 0;
    linux_init();
    CHECK_EQ(caches, 1);
}

/* Bytes differ, all of them change, and half of the bits are 1: the seed is fixed, so the run repeats. */
TEST(random_bytes_are_all_random)
{
    uint8_t bytes[258] = {0};
    unsigned ones = 0, seen[256] = {0}, most = 0;
    for (size_t n = 0; n < 16; n++) {
        uint8_t few[18];
        memset(few, 0x99, sizeof(few));
        linux_random(few + 1, n);
        CHECK(few[0] == 0x99 && few[n + 1] == 0x99);
    }
    linux_random(bytes + 1, 256);
    CHECK(bytes[0] == 0 && bytes[257] == 0);
    for (size_t i = 1; i <= 256; i++) {
        ones += (unsigned)__builtin_popcount(bytes[i]);
        most = ++seen[bytes[i]] > most ? seen[bytes[i]] : most;
    }
    CHECK(ones > 950 && ones < 1100);
    CHECK(most < 8);
    uint8_t again[256];
    linux_random(again, 256);
    unsigned same = 0;
    for (size_t i = 0; i < 256; i++)
        same += again[i] == bytes[i + 1];
    CHECK(same < 8);
}
