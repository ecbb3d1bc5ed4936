/* SPDX-License-Identifier: MIT */
/*
 * plang - interprets programs whose processes fork, exec, wait, kill and use memory. Their results must be
 * the same in every configuration of the kernel.
 *
 *     plang ADDRESS [LEAVE]     run the programs at ADDRESS (hexadecimal)
 *
 * docs/plang.md describes the language. tools/ucow/plang/oracle.py translates it to the instructions of
 * plang.def and predicts what each process reports; tools/ucow/plang/batch.py adds many programs to a copy
 * of this file's ELF file, as one more segment. Some of them run at the same time. With LEAVE, another
 * process uses all memory except that many pages meanwhile.
 *
 * A process reports `@PROGRAM.PROCESS VALUE`, in hexadecimal. Its state is a struct process on its stack:
 * fork copies it, and exec passes it on as arguments.
 */
#include "check.h"

enum {
#define OP(name) OP_##name,
#define PAGES(kind, count)
#define CONSTANT(name, value)
#include "plang.def"
};

enum {
#define OP(name)
#define PAGES(kind, count)
#define CONSTANT(name, value) name = value,
#include "plang.def"
};

enum {
#define OP(name)
#define PAGES(kind, count) COUNT_##kind = count,
#define CONSTANT(name, value)
#include "plang.def"
};

enum {
    WORDS = PAGE_SIZE / sizeof(uint32_t),
    STACK_BYTES = 2 * PAGE_SIZE,
    PLACE = 0x40400000 - 4 * PAGE_SIZE, /* the first m page */
    NO_CHILD = -1,                      /* reaped or never started; wait() refuses it */
};

struct instr {
    uint8_t op, a;
    uint16_t b;
    uint32_t c;
};

/* A batch begins with a header instruction: run `a` programs at a time, `c` in all. Then follows one
 * instruction per program, whose `c` is the index of the program's first instruction. */

struct process {
    const struct instr *batch;
    uint32_t next; /* instruction */
    uint32_t program;
    uint32_t node;  /* the number of this process in its program */
    uint32_t mute;  /* it is doomed, or a descendant of a doomed one */
    uint32_t depth; /* nesting depth of threads */
    int children[CHILDREN];
};

#define PASSED_ON 5 /* fields of struct process that exec passes on, before the children */

extern char end[];
static uint32_t data[COUNT_d][WORDS] __attribute__((aligned(PAGE_SIZE))) = {
    {[0] = DATA_WORD,
     [CELL_STEP] = DATA_WORD + 1,
     [2 * CELL_STEP] = DATA_WORD + 2,
     [3 * CELL_STEP] = DATA_WORD + 3},
    {[0] = DATA_WORD + 4,
     [CELL_STEP] = DATA_WORD + 5,
     [2 * CELL_STEP] = DATA_WORD + 6,
     [3 * CELL_STEP] = DATA_WORD + 7},
};
static uint32_t bss[COUNT_b][WORDS] __attribute__((aligned(PAGE_SIZE)));
static char stacks[THREADS][STACK_BYTES] __attribute__((aligned(16)));

NORETURN static void interpret(struct process *self);

static uintptr_t heap(void)
{
    return ALIGN_UP((uintptr_t)end, PAGE_SIZE);
}

/* Returns the address of page `number`. */
static uintptr_t page_at(unsigned number)
{
    const struct {
        uintptr_t base;
        unsigned count;
    } kinds[] = {
        {(uintptr_t)data, COUNT_d}, {(uintptr_t)bss, COUNT_b},  {heap(), COUNT_h},
        {PLACE, COUNT_m},           {USER_STACK_BASE, COUNT_s},
    };
    for (size_t i = 0; i < ARRAY_SIZE(kinds); number -= kinds[i++].count)
        if (number < kinds[i].count)
            return kinds[i].base + number * PAGE_SIZE;
    panic("there is no page %u", number);
}

static volatile uint32_t *cell_at(unsigned number)
{
    return (volatile uint32_t *)page_at(number / CELLS) + number % CELLS * CELL_STEP;
}

static void report(const struct process *self, uint32_t value)
{
    if (!self->mute)
        printf("@%x.%x %x\n", self->program, self->node, value);
}

/* ---- processes ---- */

/* In a new process: turn `self`, the copy of the parent's state, into the state of process `node`. */
static void be_born(struct process *self, unsigned node)
{
    self->node = node;
    for (int i = 0; i < CHILDREN; i++)
        self->children[i] = NO_CHILD;
}

static void do_fork(struct process *self, struct instr in)
{
    int pid = fork();
    if (pid < 0)
        panic("program %u, process %u: fork: %s", self->program, self->node, error_text(pid));
    if (pid == 0) {
        be_born(self, in.b);
        self->mute |= in.op == OP_doomed;
    } else {
        self->children[in.a] = pid;
        self->next = in.c;
    }
}

static void do_doomed(struct process *self, struct instr in)
{
    do_fork(self, in);
}

static int run_thread(void *parent)
{
    struct process self = *(const struct process *)parent;
    interpret(&self);
}

static void do_thread(struct process *self, struct instr in)
{
    struct process thread = *self;
    be_born(&thread, in.b);
    thread.depth++;
    int code = 0, pid = thread_start(run_thread, &thread, stacks[self->depth] + STACK_BYTES);
    if (pid < 0)
        panic("program %u, process %u: clone: %s", self->program, self->node, error_text(pid));
    waitpid(pid, &code);
    report(self, code);
    self->next = in.c;
}

static void do_exec(struct process *self, struct instr in)
{
    const uint32_t numbers[PASSED_ON] = {(uint32_t)self->batch, self->next, self->program, self->node,
                                         self->mute};
    const char *argv[1 + PASSED_ON + CHILDREN] = {"plang"};
    char text[PASSED_ON + CHILDREN][9];
    for (int i = 0; i < PASSED_ON + CHILDREN; i++) {
        snprintf(text[i], sizeof(text[i]), "%x",
                 i < PASSED_ON ? numbers[i] : (uint32_t)self->children[i - PASSED_ON]);
        argv[1 + i] = text[i];
    }
    int error = exec(in.op == OP_noexec ? "nosuch" : argv[0], ARRAY_SIZE(argv), argv);
    report(self, error);
}

static void do_noexec(struct process *self, struct instr in)
{
    do_exec(self, in);
}

static void do_wait(struct process *self, struct instr in)
{
    int code = 0;
    int error = waitpid(self->children[in.a], in.b == NOWHERE ? &code : (int *)cell_at(in.b));
    report(self, error);
    if (error == 0)
        self->children[in.a] = NO_CHILD;
    if (error == 0 && in.b == NOWHERE)
        report(self, code);
}

/* The children end in any order; the report does not depend on it. */
static void do_waitall(struct process *self, struct instr in)
{
    int code, children = 0, codes = 0;
    (void)in;
    for (; waitpid(0, &code) == 0; children++)
        codes += code;
    be_born(self, self->node);
    report(self, children);
    report(self, codes);
}

static void do_kill(struct process *self, struct instr in)
{
    kill(self->children[in.a]); /* it may have ended already, with the same code */
}

static void do_yield(struct process *self, struct instr in)
{
    (void)self;
    for (unsigned i = 0; i < in.a; i++)
        yield();
}

static void do_exit(struct process *self, struct instr in)
{
    if (!self->mute)
        exit((int)in.c);
    do_yield(self, (struct instr){.a = LINGER});
    exit(-E_KILLED);
}

/* ---- memory ---- */

static void do_write(struct process *self, struct instr in)
{
    (void)self;
    *cell_at(in.b) = in.c;
}

static void do_read(struct process *self, struct instr in)
{
    report(self, *cell_at(in.b));
}

static void do_sum(struct process *self, struct instr in)
{
    uint32_t sum = 0;
    for (unsigned page = 0; in.c >> page != 0; page++) {
        if (!(in.c >> page & 1))
            continue;
        const volatile uint32_t *words = (const volatile uint32_t *)page_at(page);
        for (size_t i = 0; i < WORDS; i += SUM_STEP)
            sum = sum * SUM_FACTOR + words[i];
    }
    report(self, sum);
}

static void do_brk(struct process *self, struct instr in)
{
    report(self, (brk(heap() + in.a * PAGE_SIZE) - heap()) / PAGE_SIZE);
}

static void do_mmap(struct process *self, struct instr in)
{
    uintptr_t at = page_at(in.a);
    const volatile void *result = mmap(at, in.b * PAGE_SIZE, in.c & 0xff, in.c >> 8);
    report(self, (uintptr_t)result - at);
}

static void do_munmap(struct process *self, struct instr in)
{
    report(self, munmap((void *)page_at(in.a), in.b * PAGE_SIZE));
}

static void do_pageout(struct process *self, struct instr in)
{
    (void)self;
    sys_pageout(page_at(in.a), in.b * PAGE_SIZE); /* the result depends on the configuration */
}

/* ---- programs ---- */

NORETURN static void interpret(struct process *self)
{
    static void (*const operation[])(struct process * self, struct instr in) = {
#define OP(name) [OP_##name] = do_##name,
#define PAGES(kind, count)
#define CONSTANT(name, value)
#include "plang.def"
    };
    for (;;) {
        struct instr in = self->batch[self->next++];
        operation[in.op](self, in);
    }
}

static uint32_t hex(const char *text)
{
    uint32_t number = 0;
    for (; *text != '\0'; text++)
        number = number * 16 + (uint32_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return number;
}

/* Parse the state that do_exec() passed on. */
static struct process handed_on(char *argv[])
{
    struct process self = {
        (const struct instr *)hex(argv[0]), hex(argv[1]), hex(argv[2]), hex(argv[3]), hex(argv[4]), 0, {0}};
    for (int i = 0; i < CHILDREN; i++)
        self.children[i] = (int)hex(argv[PASSED_ON + i]);
    return self;
}

/* Start a process that keeps using all free pages except `leave`. Returns its pid. */
static int start_hog(unsigned leave)
{
    struct mem_info info;
    sys_meminfo(&info);
    size_t bytes = info.free > leave ? (info.free - leave) * PAGE_SIZE : PAGE_SIZE;
    int pid = fork();
    if (pid != 0)
        return pid;
    volatile char *pages = map_pages(bytes, MAP_PRIVATE);
    for (;; yield())
        for (size_t i = 0; i < bytes; i += PAGE_SIZE)
            pages[i]++;
}

static void start_program(const struct instr *batch, unsigned program)
{
    int pid = fork();
    if (pid < 0)
        panic("program %u: fork: %s", program, error_text(pid));
    if (pid > 0)
        return;
    struct process self = {.batch = batch, .next = batch[1 + program].c, .program = program};
    be_born(&self, 0);
    interpret(&self);
}

static void run_batch(const struct instr *batch, unsigned leave)
{
    int hog = leave != 0 ? start_hog(leave) : 0;
    for (unsigned i = 0; i < batch->c; i++) {
        if (i >= batch->a)
            wait();
        start_program(batch, i);
    }
    for (unsigned i = 0; i < MIN(batch->a, batch->c); i++)
        wait();
    if (hog > 0) {
        kill(hog);
        waitpid(hog, NULL);
    }
}

int main(int argc, char *argv[])
{
    if (argc == 1 + PASSED_ON + CHILDREN) {
        struct process self = handed_on(argv + 1);
        interpret(&self);
    }
    if (argc < 2)
        usage("plang ADDRESS [LEAVE]; tools/compare runs programs");
    run_batch((const struct instr *)hex(argv[1]), argc > 2 ? hex(argv[2]) : 0);
    return pass();
}
