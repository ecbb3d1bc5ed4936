/* SPDX-License-Identifier: MIT */
/*
 * crashme - children execute random code: `crashme SEED COUNT [FIRST]`. A seed always gives the same code.
 *
 * Half of the children execute random bytes, the other half jump into a copy of this program's text with
 * some bytes changed. A child ends by an exception, by an exit() it happens to call, or because its parent
 * kills it after a while. Some children happen to kill their parent; the caller then continues from child
 * FIRST. The trap frames that the kernel prints show which exceptions occurred.
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

/* Fill `code` with copies of the first page of this program's text, and change some bytes. */
static void fill_with_mutated_text(uint8_t *code)
{
    const size_t text_bytes = PAGE_SIZE - USER_TEXT % PAGE_SIZE;
    for (size_t i = 0; i < CODE_BYTES; i += text_bytes)
        memcpy(code + i, (const void *)USER_TEXT, MIN(text_bytes, CODE_BYTES - i));
    for (unsigned n = 1 + random_below(200); n > 0; n--)
        code[random_below(CODE_BYTES)] = (uint8_t)random32();
}

/* Jump to `code` with random registers, on the program's own stack. */
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

/* Kill all other processes: descendants of the children, which have no parent here. */
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
        usage("crashme SEED COUNT [FIRST]");
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
