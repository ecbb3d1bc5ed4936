/* SPDX-License-Identifier: MIT */
/*
 * infoleak - no memory or register contents of other processes or of the kernel reach a program (D15).
 *
 * First, children leave a word in their memory, registers, arguments and names. Then this program looks
 * for it in the registers after each system call, in the structures that calls fill in and in the bytes
 * after them, in a child's registers, and in newly allocated memory. The test reads what a program finds
 * at its first instruction from outside.
 */
#include "check.h"

enum { PATTERN = 0x5ec2e700, REGISTERS = 6, ROUNDS = 3, MUCH = 1 << 20 };

/* Fills the buffers before each call: neither a result nor the secret. */
#define FILLING 0xA5

/* ---- leaving the secret ---- */

static void fill(volatile uint32_t *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        words[i] = PATTERN + i % 251;
}

/* Fill memory, registers and arguments of calls with the word. Half of the children end by a fault. */
static int spread(void *arg)
{
    uint32_t stack[1024];
    fill(stack, sizeof(stack));
    fill(map_pages(MUCH, MAP_PRIVATE), MUCH);
    fill(sbrk(MUCH), MUCH);
    for (int nr = 0; nr < 300; nr++)
        if (nr != NR_exit && nr != NR_fork && nr != NR_clone && nr != NR_sleep && nr != NR_pgdir &&
            nr != NR_read)
            syscall5(nr, PATTERN + 1, PATTERN + 2, PATTERN + 3, PATTERN + 4, PATTERN + 5);
    if (arg != NULL)
        __asm__ volatile("movl %0, %%ecx; movl %0, %%edx; movl %0, %%esi; movl %0, %%edi; ud2"
                         :
                         : "i"(PATTERN));
    return PATTERN + (int)stack[5];
}

/* ---- registers ---- */

struct registers {
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax, eflags;
    uint16_t ds, es, fs, gs;
};

/* Make system call `in->eax` with all registers as in `in`, and store all of them in `out`. The arithmetic
 * flags are clear before the call. */
void call_with(const struct registers *in, struct registers *out);
__asm__(".text; call_with: pushal; movl 36(%esp), %eax; pushl 40(%esp);"
        "movl (%eax), %ebx; movl 4(%eax), %ecx; movl 8(%eax), %edx; movl 12(%eax), %esi;"
        "movl 16(%eax), %edi; movl 20(%eax), %ebp; movl 24(%eax), %eax;"
        "pushl $0x202; popfl; int $0x80;"
        "pushfl; pushl %eax; movl 8(%esp), %eax;"
        "movl %ebx, (%eax); movl %ecx, 4(%eax); movl %edx, 8(%eax); movl %esi, 12(%eax);"
        "movl %edi, 16(%eax); movl %ebp, 20(%eax); popl 24(%eax); popl 28(%eax);"
        "movw %ds, 32(%eax); movw %es, 34(%eax); movw %fs, 36(%eax); movw %gs, 38(%eax);"
        "addl $4, %esp; popal; ret");

/* Returns the number of registers that have changed, except the result and the flags. */
static int changed(const struct registers *in, const struct registers *out)
{
    return (in->ebx != out->ebx) + (in->ecx != out->ecx) + (in->edx != out->edx) + (in->esi != out->esi) +
           (in->edi != out->edi) + (in->ebp != out->ebp) + (out->eflags != 0x202) + (out->ds != 0x23) +
           (out->es != 0x23) + (out->fs != 0) + (out->gs != 0);
}

/* Make a call that fails or has little effect with each system call number, and with unknown numbers. */
static void check_registers(void)
{
    static const struct registers in = {.ebx = 0xb0b0b0b0,
                                        .ecx = 0xc0c0c0c0,
                                        .edx = 0xd0d0d0d0,
                                        .esi = 0xe1e1e1e1,
                                        .edi = 0xe2e2e2e2,
                                        .ebp = 0xe3e3e3e3};
    int wrong = 0, calls = 0;
    for (uint32_t nr = 0; nr < 256; nr++) {
        if (nr == NR_exit || nr == NR_sleep || nr == NR_pgdir || nr == NR_fork || nr == NR_putc)
            continue;
        struct registers with = in, out;
        with.eax = nr;
        call_with(&with, &out);
        wrong += changed(&with, &out);
        calls++;
    }
    CHECK(calls > 200, true, "calls made");
    CHECK(wrong, 0, "registers that calls changed");
    struct registers with = in, out;
    with.eax = NR_fork;
    call_with(&with, &out);
    if (out.eax == 0)
        exit(changed(&with, &out));
    CHECK(code_of((int)out.eax), 0, "registers of a child that are not its parent's");
    CHECK(changed(&with, &out), 0, "registers that fork changed");
}

/* ---- structures ---- */

static int bytes_not(const void *from, size_t n, uint8_t wanted)
{
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((const uint8_t *)from)[i] != wanted;
    return count;
}

static void check_structures(void)
{
    static struct proc_info infos[16];
    memset(infos, FILLING, sizeof(infos));
    int n = sys_procs(infos, ARRAY_SIZE(infos), 1);
    assert(n >= 2 && n < (int)ARRAY_SIZE(infos));
    int stale = 0, fields = 0;
    for (int i = 0; i < n; i++) {
        size_t length = strlen(infos[i].name);
        stale += bytes_not(infos[i].name + length, sizeof(infos[i].name) - length, 0);
        fields += infos[i].state >= PROC_STATES || infos[i].killed > 1 ||
                  infos[i].exit_reason >= EXIT_REASONS || infos[i].exit_code != 0;
    }
    CHECK(stale, 0, "bytes behind the names");
    CHECK(fields, 0, "fields that make no sense");
    CHECK(bytes_not(infos + n, sizeof(infos) - (size_t)n * sizeof(*infos), FILLING), 0,
          "bytes changed behind the processes");

    static struct mem_info memory[2];
    memset(memory, FILLING, sizeof(memory));
    assert(sys_meminfo(memory) == 0);
    CHECK(bytes_not(memory + 1, sizeof(memory[1]), FILLING), 0, "bytes changed behind the memory's counters");
    int code[3] = {-1, -1, -1}, pid = fork();
    if (pid == 0)
        exit(77);
    assert(waitpid(pid, &code[1]) == 0 && code[1] == 77);
    CHECK(code[0] == -1 && code[2] == -1, true, "the words beside an exit code are untouched");
}

/* ---- memory ---- */

/* Memory that this program itself has freed is zero as well when it is allocated again. */
static void check_memory(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t *mapping = map_pages(16 * PAGE_SIZE, round % 2 ? MAP_SHARED : MAP_PRIVATE);
        CHECK(bytes_not(mapping, 16 * PAGE_SIZE, 0), 0, "bytes in mapping %d", round);
        fill((uint32_t *)mapping, 16 * PAGE_SIZE);
        assert(munmap(mapping, 16 * PAGE_SIZE) == 0);
        uint8_t *heap = sbrk(16 * PAGE_SIZE);
        CHECK(bytes_not(heap, 16 * PAGE_SIZE, 0), 0, "bytes in heap %d", round);
        fill((uint32_t *)heap, 16 * PAGE_SIZE);
        assert(brk((uintptr_t)heap) == (uintptr_t)heap);
    }
}

/* ---- console input ---- */

static int check_input(void)
{
    char buffer[64];
    memset(buffer, FILLING, sizeof(buffer));
    printf("infoleak: type one character\n");
    CHECK(read(STDIN, buffer, sizeof(buffer)), 1, "read");
    CHECK(bytes_not(buffer + 1, sizeof(buffer) - 1, FILLING), 0, "bytes changed behind what was read");
    return pass();
}

int main(int argc, char *argv[])
{
    static const char *const words[] = {"nop", "one", "two words"};
    if (argc == 2 && strcmp(argv[1], "input") == 0)
        return check_input();
    for (int i = 0; i < 4; i++)
        CHECK(child_code(spread, i % 2 ? argv : NULL) != 0, true, "a child has spread its secret");
    check_registers();
    check_structures();
    check_memory();
    int pid = fork();
    if (pid == 0)
        exit(exec(words[0], ARRAY_SIZE(words), words));
    CHECK(code_of(pid), 0, "exit code of nop");
    return pass();
}
