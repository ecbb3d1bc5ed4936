/* SPDX-License-Identifier: MIT */
/*
 * crashme - children execute what is no program: `crashme SEED COUNT [FIRST]`, the same seed makes the same.
 *
 * One half executes random bytes, the other half this program's own text with some bytes changed,
 * where they jump into it at random. What a child does is its own end: an exception, an exit it
 * happened to ask for, or its parent's patience. Now and then one has kill() for its parent: whoever runs
 * this then goes on with child FIRST. The traps that children died of are in the frames the kernel prints.
 */
#include "fuzz.h"

enum { CODE_BYTES = 2 * PAGE_SIZE, PATIENCE = 3 };

static void fill_with_random(uint8_t *code)
{
    for (size_t i = 0; i < CODE_BYTES; i += 4) {
        uint32_t word = random32();
        memcpy(code + i, &word, sizeof(word));
    }
}

/* The text begins where programs are linked; it is as long as it is, and 0 behind. */
static void fill_with_mutated_text(uint8_t *code)
{
    const size_t text_bytes = PAGE_SIZE - USER_TEXT % PAGE_SIZE;
    for (size_t i = 0; i < CODE_BYTES; i += text_bytes)
        memcpy(code + i, (const void *)USER_TEXT, MIN(text_bytes, CODE_BYTES - i));
    for (unsigned n = 1 + random_below(200); n > 0; n--)
        code[random_below(CODE_BYTES)] = (uint8_t)random32();
}

/* Go there with random registers, on a stack that is the program's. */
static NORETURN void jump_to(const uint8_t *code)
{
    uint32_t a = random32(), b = random32(), c = random32(), d = random32();
    __asm__ volatile("movl %0, %%ebp; pushl %0; jmp *%0"
                     :
                     : "r"(code), "a"(a), "b"(b), "c"(c), "d"(d)
                     : "memory");
    __builtin_unreachable();
}

static NORETURN void crash(unsigned seed, unsigned number)
{
    uint8_t *code = mmap(0, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
    assert(mmap_error(code) == 0);
    random_start(seed, number);
    if (number % 2 == 0)
        fill_with_random(code);
    else
        fill_with_mutated_text(code);
    jump_to(code + random_below(CODE_BYTES / 2));
}

/* End whoever is there: children of children, which nobody waits for. */
static void sweep(void)
{
    struct proc_info info;
    for (int pid = getpid() + 1; info.pid = 0, sys_procs(&info, 1, (uint32_t)pid), info.pid != 0;
         pid = info.pid + 1)
        kill(info.pid);
}

int main(int argc, char *argv[])
{
    static const unsigned no_progress;
    struct proc_info info;
    if (argc != 3 && argc != 4)
        panic("how? SEED COUNT [FIRST]");
    unsigned seed = number_of(argv[1]), count = number_of(argv[2]);
    for (unsigned number = argc == 4 ? number_of(argv[3]) : 0; number < count; number++) {
        int pid = fork();
        assert(pid >= 0);
        if (pid == 0)
            crash(seed, number);
        const char *end = "ended otherwise";
        if (!watch(pid, PATIENCE, &no_progress, &info))
            end = "was stopped";
        else if (info.exit_code == -E_KILLED && info.exit_reason == EXIT_FAULT)
            end = "died of a trap";
        sweep();
        printf("crashme: child %u %s\n", number, end);
    }
    return pass();
}
