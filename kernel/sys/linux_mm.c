/* SPDX-License-Identifier: MIT */
/*
 * linux_mm - memory: brk, mmap and munmap are those of ucow, which are Linux's already; mprotect is Linux's
 * alone.
 */
#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/proc.h"
#include "sys/linux.h"

int32_t linux_brk(uintptr_t addr)
{
    return linux_ask(NR_brk, addr, 0, 0, 0);
}

/* `result` is an address, which may be above INT32_MAX, or an error. */
static int32_t address(int32_t result)
{
    return (uint32_t)result > (uint32_t)-4096 ? linux_error(result) : result;
}

int32_t linux_mmap2(uintptr_t addr, uint32_t len, uint32_t prot, uint32_t flags)
{
    if (!(flags & MAP_ANONYMOUS))
        return -LINUX_EBADF;
    if (flags & LINUX_MAP_HUGETLB)
        return -LINUX_ENOMEM;
    return address(linux_ask(NR_mmap, addr, len, prot, flags & LINUX_MAP_FLAGS));
}

int32_t linux_mmap(struct uaddr args)
{
    uint32_t words[6];
    int32_t error = linux_get(words, args, sizeof(words));
    if (error != 0)
        return error;
    if (words[5] % PAGE_SIZE != 0)
        return -LINUX_EINVAL;
    return linux_mmap2(words[0], words[1], words[2], words[3]);
}

int32_t linux_munmap(uintptr_t addr, uint32_t len)
{
    return linux_error(linux_ask(NR_munmap, addr, len, 0, 0));
}

int32_t linux_mprotect(uintptr_t addr, uint32_t len, uint32_t prot)
{
    struct mm *mm = current->mm;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return linux_error(error);
    error = mm_protect(mm, addr, len, prot);
    mutex_unlock(&mm->lock);
    return linux_error(error);
}
