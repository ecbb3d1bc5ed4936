/* SPDX-License-Identifier: MIT */
/*
 * linux_mm.c: what the calls about memory ask of ucow, and what becomes of its answers.
 */
#include <ucow/errno.h>

#include "host_sched.h"
#include "host_user.h"
#include "journal.h"
#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/proc.h"

static struct mm mm;
static struct proc self = {.pid = 300, .mm = &mm};
static int32_t answer; /* of what is asked */
static int lock_error;

int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    note("ask %d %x %x %x %x", (int)nr, a, b, c, d);
    return answer;
}

int32_t linux_error(int32_t result)
{
    note("error %d", result);
    return result < 0 ? result - 1000 : result;
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK(mutex == &mm.lock && killable);
    return lock_error;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

int mm_protect(struct mm *of, uintptr_t addr, size_t len, unsigned prot)
{
    CHECK(of == &mm && mutex_is_held(&mm.lock));
    note("protect %x %x %x", (unsigned)addr, (unsigned)len, prot);
    return answer;
}

static void start(int32_t result)
{
    current = &self;
    answer = result;
    mutex_init(&mm.lock);
    journal_clear();
}

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

TEST(a_mapping_is_asked_for_with_its_flags)
{
    start(0x10000);
    CHECK_EQ(linux_mmap2(0x1000, 0x2000, 3, ANONYMOUS | 0x20000), 0x10000);
    char line[60];
    snprintf(line, sizeof(line), "ask %d 1000 2000 3 %x", NR_mmap, ANONYMOUS & LINUX_MAP_FLAGS);
    CHECK_STEPS(line);
    CHECK_EQ(linux_mmap2(0, 1, 3, MAP_PRIVATE), -LINUX_EBADF); /* of a file */
    CHECK_EQ(linux_mmap2(0, 1, 3, ANONYMOUS | LINUX_MAP_HUGETLB), -LINUX_ENOMEM);
    CHECK_STR_EQ(journal, "");
}

TEST(an_address_above_2_gib_is_no_error)
{
    start((int32_t)0xAFFF0000);
    CHECK_EQ((uint32_t)linux_mmap2(0, 1, 3, ANONYMOUS), 0xAFFF0000);
    CHECK(strstr(journal, "error") == NULL);
    start(-E_NO_MEM);
    CHECK_EQ(linux_mmap2(0, 1, 3, ANONYMOUS), -E_NO_MEM - 1000);
}

/* The first form of the call: six words in memory. The offset is in bytes. */
TEST(the_old_call_has_its_words_in_memory)
{
    uint32_t words[6] = {0x1000, 0x2000, 5, ANONYMOUS, 77, PAGE_SIZE};
    char line[60];
    start(0x20000);
    CHECK_EQ(linux_mmap(user(words)), 0x20000);
    snprintf(line, sizeof(line), "ask %d 1000 2000 5 %x", NR_mmap, ANONYMOUS & LINUX_MAP_FLAGS);
    CHECK_STEPS(line);
    words[5] = PAGE_SIZE + 1;
    CHECK_EQ(linux_mmap(user(words)), -LINUX_EINVAL);
    CHECK_EQ(linux_mmap(BAD), -LINUX_EFAULT);
    CHECK_STR_EQ(journal, "");
}

TEST(the_end_of_the_heap_and_what_is_unmapped)
{
    char line[60];
    start(-E_INVAL);
    CHECK_EQ(linux_munmap(0x3000, 0x1000), -E_INVAL - 1000);
    snprintf(line, sizeof(line), "ask %d 3000 1000 0 0", NR_munmap);
    CHECK_STEPS(line, "error -3");
    start(0x800000);
    CHECK_EQ(linux_brk(0x801000), 0x800000); /* as on Linux, never an error */
    snprintf(line, sizeof(line), "ask %d 801000 0 0 0", NR_brk);
    CHECK_STEPS(line);
}

TEST(rights_are_changed_with_the_lock_held)
{
    start(0);
    CHECK_EQ(linux_mprotect(0x1000, 0x2000, 1), 0);
    CHECK(strstr(journal, "protect 1000 2000 1") != NULL);
    CHECK(!mutex_is_held(&mm.lock));
    start(-E_NO_MEM);
    CHECK_EQ(linux_mprotect(0x1000, 0x2000, 1), -E_NO_MEM - 1000);
    CHECK(!mutex_is_held(&mm.lock));
    static struct proc other;
    start(0);
    mm.lock.owner = &other;
    lock_error = -E_KILLED;
    CHECK_EQ(linux_mprotect(0x1000, 0x2000, 1), -E_KILLED - 1000);
    CHECK(strstr(journal, "protect") == NULL);
    mm.lock.owner = NULL;
    lock_error = 0;
}
