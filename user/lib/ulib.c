/* SPDX-License-Identifier: MIT */
/*
 * ulib - library functions that are more than one system call.
 */
#include "ulib.h"

/* clone() in assembler (start.S), because the child has no C frame to return to. */
int clone_onto(int nr, unsigned flags, uint32_t *stack);

NORETURN void exit(int code)
{
    sys_exit(code);
    __builtin_unreachable();
}

int thread_start(int (*body)(void *arg), void *arg, void *stack_top)
{
    /* Two words are used; the other two keep the alignment that the ABI requires at a call. */
    uint32_t *stack = (uint32_t *)stack_top - 4;
    stack[0] = (uint32_t)arg;
    stack[1] = (uint32_t)body;
    return clone_onto(NR_clone, CLONE_VM, stack);
}

/* What spawn() asks its child to execute, and the error if that failed. */
struct program {
    const char *name;
    int argc;
    const char *const *argv;
    int error;
};

static int execute(void *arg)
{
    struct program *program = arg;
    return program->error = exec(program->name, program->argc, program->argv);
}

int spawn(const char *name, int argc, const char *const argv[], int *code)
{
    _Alignas(16) char stack[512];
    struct program program = {name, argc, argv, 0};
    int pid = thread_start(execute, &program, stack + sizeof(stack)), ended;
    if (pid < 0)
        return pid;
    int error = waitpid(pid, &ended); /* so that stack and program outlive their use by the child */
    if (error == 0)
        error = program.error;
    if (error == 0 && code != NULL)
        *code = ended;
    return error;
}

NORETURN void usage(const char *text)
{
    printf("usage: %s\n", text);
    exit(2);
}

unsigned number_of(const char *text)
{
    unsigned number = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            printf("\"%s\" is not a number\n", text);
            exit(2);
        }
        number = number * 10 + (unsigned)(*text - '0');
    }
    return number;
}

void *sbrk(size_t bytes)
{
    uintptr_t old = brk(0);
    return brk(old + bytes) == old + bytes ? (void *)old : NULL;
}
