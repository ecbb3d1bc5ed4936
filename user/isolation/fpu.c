/* SPDX-License-Identifier: MIT */
/*
 * fpu - each process has its own x87 and SSE registers: preserved across switches and while the kernel clears
 * and copies pages, copied to a child by fork, initial after exec (D17).
 *
 * It executes itself as `fpu clean` to see the registers after exec, and as `fpu work` and `fpu idle`. The
 * compiler uses none of these registers here, so they hold what the assembler below loads.
 */
#include "check.h"

enum { ROUNDS = 20, CPUID_FPU = 1 << 0, CPUID_SSE = 1 << 25 };
enum {
    CLEAN_CONTROL = 0x37f,
    CLEAN_TAGS = 0xffff,
    CLEAN_MXCSR = 0x1f80,
    ROUND_TO_ZERO = 0xc00,
    MXCSR_TO_ZERO = 0x6000
};

/* What fnsave stores and frstor loads: Intel SDM 1, figure 8-9. */
struct x87 {
    uint32_t control, status, tags, environment[4];
    uint8_t registers[8][10];
};

struct sse {
    uint32_t mxcsr;
    uint32_t registers[8][4];
};

static unsigned cpu_features(void)
{
    unsigned a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return d;
}

/* fnsave initializes the FPU, so frstor restores the registers. */
static void x87_store(struct x87 *state)
{
    __asm__ volatile("fnsave %0; frstor %0" : "+m"(*state));
}

static void x87_load(const struct x87 *state)
{
    __asm__ volatile("frstor %0" : : "m"(*state));
}

static void sse_store(struct sse *state)
{
    __asm__ volatile("stmxcsr (%0); movups %%xmm0, 4(%0); movups %%xmm1, 20(%0); movups %%xmm2, 36(%0);"
                     "movups %%xmm3, 52(%0); movups %%xmm4, 68(%0); movups %%xmm5, 84(%0);"
                     "movups %%xmm6, 100(%0); movups %%xmm7, 116(%0)"
                     :
                     : "r"(state)
                     : "memory");
}

static void sse_load(const struct sse *state)
{
    __asm__ volatile("ldmxcsr (%0); movups 4(%0), %%xmm0; movups 20(%0), %%xmm1; movups 36(%0), %%xmm2;"
                     "movups 52(%0), %%xmm3; movups 68(%0), %%xmm4; movups 84(%0), %%xmm5;"
                     "movups 100(%0), %%xmm6; movups 116(%0), %%xmm7"
                     :
                     : "r"(state)
                     : "memory");
}

/* Fill the registers with values that depend on register and `seed`. They are normal numbers, because the
 * x87 tags others differently. */
static void load_pattern(int seed, bool sse)
{
    struct x87 x87 = {.control = CLEAN_CONTROL | (seed % 2 ? ROUND_TO_ZERO : 0)};
    for (int i = 0; i < 8; i++) {
        memset(x87.registers[i], seed * 8 + i, 8);
        x87.registers[i][7] |= 0x80; /* the integer bit */
        x87.registers[i][8] = (uint8_t)(seed + i);
        x87.registers[i][9] = 0x40;
    }
    x87_load(&x87);
    if (!sse)
        return;
    struct sse state = {.mxcsr = CLEAN_MXCSR | (seed % 2 ? MXCSR_TO_ZERO : 0)};
    memset(state.registers, seed + 100, sizeof(state.registers));
    for (int i = 0; i < 8; i++)
        state.registers[i][i % 4] = (uint32_t)i;
    sse_load(&state);
}

/* All registers, comparable with memcmp(). */
struct registers {
    struct x87 x87;
    struct sse sse;
};

static void store_all(struct registers *all, bool sse)
{
    memset(all, 0, sizeof(*all));
    x87_store(&all->x87);
    memset(all->x87.environment, 0, sizeof(all->x87.environment)); /* pointers to the last instruction */
    if (sse)
        sse_store(&all->sse);
}

static bool unchanged(const struct registers *wanted, bool sse)
{
    struct registers now;
    store_all(&now, sse);
    return memcmp(&now, wanted, sizeof(now)) == 0;
}

/* Fill the registers and compare them after each yield, and after a loop in which only the timer can
 * switch. Returns how often they were unchanged. */
static int keep(int seed, bool sse)
{
    struct registers mine;
    load_pattern(seed, sse);
    store_all(&mine, sse);
    int right = 0;
    for (int i = 0; i < ROUNDS; i++) {
        yield();
        right += unchanged(&mine, sse);
    }
    for (volatile int spin = 0; spin < 1000000; spin++)
        ;
    return right + unchanged(&mine, sse);
}

static void check_switches(bool sse)
{
    int pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            exit(keep(i + 1, sse));
        assert(pids[i] > 0);
    }
    CHECK(keep(9, sse), ROUNDS + 1, "looks that found the parent's registers unchanged");
    for (int i = 0; i < 3; i++)
        CHECK(code_of(pids[i]), ROUNDS + 1, "looks that found child %d's unchanged", i);
}

static void check_fork(bool sse)
{
    struct registers mine;
    load_pattern(5, sse);
    store_all(&mine, sse);
    int pid = fork();
    if (pid == 0) {
        bool inherited = unchanged(&mine, sse);
        load_pattern(6, sse);
        exit(inherited);
    }
    assert(pid > 0);
    int inherited = code_of(pid);
    CHECK(unchanged(&mine, sse), true, "the parent's registers after a fork");
    CHECK(inherited, true, "the child's are those of its parent");
}

/* Execute this program again to do `what`. */
static int run_again(const char *what)
{
    const char *const argv[] = {"fpu", what};
    return exec("fpu", ARRAY_SIZE(argv), argv);
}

/* Have the kernel clear and copy pages: for new memory, for what a fork copies or shares, for a program. Uses
 * no register of the FPU. */
static void work_pages(void)
{
    enum { PAGES = 4 };
    static char bss[PAGES * PAGE_SIZE];
    char *zeros = map_pages(sizeof(bss), MAP_PRIVATE);
    for (int i = 0; i < PAGES; i++)
        zeros[i * PAGE_SIZE] = 1;
    int pid = fork();
    for (int i = 0; i < PAGES; i++) {
        zeros[i * PAGE_SIZE]++;
        bss[i * PAGE_SIZE]++;
    }
    if (pid == 0)
        exit(run_again("idle"));
    assert(pid > 0 && code_of(pid) == 0);
    munmap(zeros, sizeof(bss));
}

static int run_work(void *unused)
{
    (void)unused;
    return run_again("work");
}

/* The FPU holds the registers of the process for which the kernel works; then those of its parent, while the
 * child is a new program, which does not use the FPU. */
static void check_pages(bool sse)
{
    struct registers mine;
    load_pattern(11, sse);
    store_all(&mine, sse);
    work_pages();
    CHECK(unchanged(&mine, sse), true, "the registers after pages were cleared and copied");
    int code = child_code(run_work, NULL);
    CHECK(unchanged(&mine, sse), true, "the registers after that was done for a child");
    CHECK(code, 0, "exit code of that child");
}

/* Executed by a process whose registers were filled. */
static int be_clean(bool sse)
{
    struct registers all;
    store_all(&all, sse);
    CHECK(all.x87.control & 0xffff, CLEAN_CONTROL, "x87 control after exec");
    CHECK(all.x87.status & 0xffff, 0, "x87 status after exec");
    CHECK(all.x87.tags & 0xffff, CLEAN_TAGS, "x87 tags after exec");
    struct sse zero = {.mxcsr = sse ? CLEAN_MXCSR : 0};
    CHECK((int)all.sse.mxcsr, (int)zero.mxcsr, "MXCSR after exec");
    CHECK(memcmp(&all.sse, &zero, sizeof(zero)), 0, "SSE registers after exec, against zero");
    return 0;
}

static int run_clean(void *sse)
{
    load_pattern(7, sse != NULL);
    return run_again("clean");
}

int main(int argc, char *argv[])
{
    unsigned features = cpu_features();
    bool sse = features & CPUID_SSE;
    if (argc == 2 && strcmp(argv[1], "clean") == 0)
        return be_clean(sse);
    if (argc == 2 && strcmp(argv[1], "work") == 0)
        work_pages();
    if (argc == 2)
        return 0;

    printf("fpu: x87 = %d, SSE = %d\n", (features & CPUID_FPU) != 0, sse);
    if (features & CPUID_FPU) {
        check_switches(sse);
        check_pages(sse);
        check_fork(sse);
        CHECK(child_code(run_clean, sse ? argv : NULL), 0, "exit code of the run that looks");
    }
    return pass();
}
