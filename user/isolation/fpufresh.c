/* SPDX-License-Identifier: MIT */
/*
 * fpufresh - a process that has not used the FPU finds nothing of other processes in it: no register, no
 * pointer to their last instruction and operand, no opcode (D92, D103).
 *
 * A neighbour fills everything and stays the last user of the FPU while the others look: a new process, one
 * made by fork, one made by clone, and a program started by exec (`fpufresh look`).
 */
#include "check.h"

enum { CPUID_FXSR = 1 << 24, CPUID_SSE = 1 << 25, STACK = 4096 };

/* fnsave's image with 32-bit addresses: Intel SDM vol. 1, figure 8-9. */
struct x87 {
    uint32_t control, status, tags, fip, fcs_fop, fdp, fds;
    uint8_t registers[80];
};

static unsigned cpu_features(void)
{
    unsigned a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return d;
}

/* Leave a pattern in every register, and an operation on memory as the last one. */
static void fill(void)
{
    static const float secret = 1234.5f;
    static const unsigned sse = CPUID_SSE | CPUID_FXSR; /* without FXSR the kernel cannot turn SSE on */
    if ((cpu_features() & sse) == sse)
        __asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm3; movups %0, %%xmm7"
                         :
                         : "m"(*(const char(*)[16]) "secretsecretsecr"));
    __asm__ volatile("fninit; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fldpi; fadds %0"
                     :
                     : "m"(secret));
}

/* What there is to read of the FPU, where the specification does not say that it is 0. */
static int count_wrong(void)
{
    static _Alignas(16) uint8_t image[512];
    struct x87 x87;
    int wrong = 0;
    if (cpu_features() & CPUID_FXSR) {
        memset(image, 0, sizeof(image));
        __asm__ volatile("fxsave %0" : "=m"(image));
        for (unsigned i = 2; i < 24; i++) /* all but the control word: status, tags, opcode and pointers */
            wrong += image[i] != 0;
        for (unsigned i = 32; i < sizeof(image); i++) /* x87 and SSE registers, and what is reserved */
            wrong += image[i] != 0;
    }
    __asm__ volatile("fnsave %0" : "=m"(x87));
    wrong += (x87.tags & 0xffff) != 0xffff;
    wrong += (x87.status & 0xffff) != 0;
    wrong += x87.fip != 0 || x87.fdp != 0 || (x87.fcs_fop & 0x07ff0000) != 0;
    for (unsigned i = 0; i < sizeof(x87.registers); i++)
        wrong += x87.registers[i] != 0;
    return wrong;
}

/* Have the neighbour use the FPU once more, so that its state is in the registers. */
static volatile struct shared {
    int turn;
} * shared;

static void neighbour_last(void)
{
    int before = shared->turn;
    while (shared->turn == before)
        yield();
}

static int be_neighbour(void)
{
    for (;;) {
        fill();
        shared->turn++;
        yield();
    }
}

static int look(void *unused)
{
    (void)unused;
    neighbour_last();
    return count_wrong();
}

static int become_look(void *unused)
{
    (void)unused;
    static const char *const argv[] = {"fpufresh", "look"};
    neighbour_last();
    return exec("fpufresh", ARRAY_SIZE(argv), argv);
}

int main(int argc, char *argv[])
{
    if (argc == 2 && strcmp(argv[1], "look") == 0)
        return count_wrong();
    shared = map_pages(PAGE_SIZE, MAP_SHARED);
    int neighbour = fork();
    if (neighbour == 0)
        be_neighbour();
    CHECK(child_code(look, NULL), 0, "bytes that are not 0 in a child");
    char *stack = map_pages(STACK, MAP_PRIVATE);
    CHECK(code_of(thread_start(look, NULL, stack + STACK)), 0, "bytes that are not 0 in a thread");
    CHECK(child_code(become_look, NULL), 0, "bytes that are not 0 after exec");
    CHECK(look(NULL), 0, "bytes that are not 0 in the parent");
    kill(neighbour);
    waitpid(neighbour, NULL);
    return pass();
}
