/* SPDX-License-Identifier: MIT */
/*
 * library - the functions of check.h, and the entry into plang's main().
 */
#include "check.h"

#define STACK_PAGES 2 /* the s pages of plang.def */

void exit(int code)
{
    lx_exit_group(code);
    __builtin_trap();
}

static int code_of(uint32_t status)
{
    return (status & 0x7F) != 0 ? -E_KILLED : (int8_t)(status >> 8);
}

/* Whether the word may be written: a child tries it, and changes nothing, because others may read the word.
 */
static bool is_writable(int *word)
{
    int status = -1, pid = lx_fork();
    if (pid == 0) {
        __asm__ volatile("lock orl $0, %0" : "+m"(*word));
        lx_exit_group(0);
    }
    lx_wait4(pid, &status, 0, NULL);
    return status == 0;
}

/* Sleep until the child, any if `pid` is 0, has ended; it is not reaped. */
static void await_end(int pid)
{
    lx_waitid(pid == 0 ? LINUX_P_ALL : LINUX_P_PID, pid, NULL, LINUX_WEXITED | LINUX_WNOWAIT, NULL);
}

/* Linux reaps the child even if it cannot write the status: so a pointer is tried before. Then, too, the
 * child has ended when the call returns, as on ucow. */
int waitpid(int pid, int *code)
{
    int status = 0;
    if (pid < 0)
        return -E_BAD_PROC;
    if (code != NULL && !is_writable(code)) {
        await_end(pid);
        return -E_INVAL;
    }
    if (lx_wait4(pid == 0 ? -1 : pid, code != NULL ? code : &status, 0, NULL) < 0)
        return -E_BAD_PROC;
    if (code != NULL)
        *code = code_of((uint32_t)*code);
    return 0;
}

int wait(void)
{
    return waitpid(0, NULL);
}

int exec(const char *name, int argc, const char *const argv[])
{
    const char *vector[24];
    if (argc + 1 > (int)ARRAY_SIZE(vector))
        return -E_TOO_BIG;
    for (int i = 0; i < argc; i++)
        vector[i] = argv[i];
    vector[argc] = NULL;
    return lx_execve(name, vector, NULL) == -LINUX_ENOENT ? -E_NOENT : -E_UNSPECIFIED;
}

/* What clone_onto() calls: the stack has this function, the thread's, and its argument. */
static int begin(void *self, int (*body)(void *arg), void *arg)
{
    (void)self;
    return body(arg);
}

int thread_start(int (*body)(void *arg), void *arg, void *stack_top)
{
    enum { SIGCHLD = LINUX_SIGCHLD, WORDS = 4 };
    uint32_t *stack = (uint32_t *)stack_top - WORDS;
    stack[0] = (uint32_t)(uintptr_t)begin;
    stack[1] = (uint32_t)(uintptr_t)body;
    stack[2] = (uint32_t)(uintptr_t)arg;
    return clone_onto(LINUX_CLONE_VM | SIGCHLD, stack, NULL, NULL);
}

void *mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
    return (void *)(uintptr_t)(unsigned)lx_mmap2(addr, len, prot, flags);
}

int munmap(const volatile void *addr, size_t len)
{
    return lx_munmap((uintptr_t)addr, len);
}

void *map_pages(size_t bytes, unsigned share)
{
    return mmap(0, bytes, PROT_READ | PROT_WRITE, share | MAP_ANONYMOUS);
}

int sys_meminfo(struct mem_info *info)
{
    struct linux_sysinfo system;
    int error = lx_sysinfo(&system);
    info->free = error == 0 ? (unsigned)(system.free_ram / PAGE_SIZE) : 0;
    return error;
}

int pass(void)
{
    print("plang pass.\n");
    return 0;
}

int linux_main(const struct start *start)
{
    const uintptr_t at = USER_STACK_BASE;
    if ((uintptr_t)mmap(at, STACK_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) != at)
        return 1;
    return main(start->argc, (char **)(uintptr_t)start->argv);
}
