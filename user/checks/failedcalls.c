/* SPDX-License-Identifier: MIT */
/*
 * failedcalls - a failed system call has no effect: for each call that can fail for lack of a resource,
 * injection makes the first allocation (copy, transfer) fail, then the second, and so on until the call
 * works. Each failure returns the documented error and leaves the caller's memory, registers, break and
 * number of pages unchanged (D04, D06, D10, D14, D43, D73, D85).
 *
 * `failedcalls broken read` also executes the boot module `broken`, which is no valid program, and reads
 * the console: the test must type eight characters.
 */
#include "check.h"

enum { ANY = 0x7fffffff, CHILD_CODE = 7, PLACE = 0x40000000, LOOK = 0x50000000 };

struct x87 {
    uint32_t control, status, tags, environment[4];
    uint8_t registers[8][10];
};

/* The registers before and after a call; make_call() knows the offsets. It is on a MAP_SHARED page, because
 * after a fork a store to a private page may allocate a frame, which would count. It is not compared. */
static volatile struct look {
    uint32_t before[7];                          /* 0: eax ebx ecx edx esi edi ebp */
    uint32_t forks;                              /* 28: the call forks; the child exits at once */
    uint32_t after[7], esp, flags, flags_before; /* 32 */
    uint32_t kind, passed, own_esp;              /* 72 */
} *const look = (struct look *)LOOK;

/* Make the call with all registers from `before`, and end the injection plan. The stack is at the end of
 * that page, so nothing is stored anywhere else. */
void make_call(void);
__asm__(".text\n"
        "make_call:\n"
        "  pushal\n"
        "  movl %esp, 0x50000000+80\n"
        "  movl $0x50001000, %esp\n"
        "  pushfl\n"
        "  popl 0x50000000+68\n"
        "  movl 0x50000000, %eax\n"
        "  movl 0x50000000+4, %ebx\n"
        "  movl 0x50000000+8, %ecx\n"
        "  movl 0x50000000+12, %edx\n"
        "  movl 0x50000000+16, %esi\n"
        "  movl 0x50000000+20, %edi\n"
        "  movl 0x50000000+24, %ebp\n"
        "  int $0x80\n"
        "  pushfl\n"
        "  testl %eax, %eax\n"
        "  jnz 1f\n"
        "  cmpl $0, 0x50000000+28\n"
        "  jne 2f\n"
        "1: movl %eax, 0x50000000+32\n"
        "  movl %ebx, 0x50000000+36\n"
        "  movl %ecx, 0x50000000+40\n"
        "  movl %edx, 0x50000000+44\n"
        "  movl %esi, 0x50000000+48\n"
        "  movl %edi, 0x50000000+52\n"
        "  movl %ebp, 0x50000000+56\n"
        "  popl 0x50000000+64\n"
        "  movl %esp, 0x50000000+60\n"
        "  movl $202, %eax\n" /* inject(kind, 0, 0) */
        "  movl 0x50000000+72, %edx\n"
        "  xorl %ecx, %ecx\n"
        "  xorl %ebx, %ebx\n"
        "  int $0x80\n"
        "  movl %eax, 0x50000000+76\n"
        "  movl 0x50000000+80, %esp\n"
        "  popal\n"
        "  ret\n"
        "2: movl $1, %eax\n" /* exit(CHILD_CODE) */
        "  movl $7, %edx\n"
        "  int $0x80\n");

struct call {
    const char *name;
    int nr;
    uint32_t arg[4];
    int result;               /* on success; ANY: not checked, as for a pid */
    int failure;              /* the error for all kinds; 0: the kind's own error */
    void (*prepare)(void);    /* before each try */
    void (*undo)(int result); /* after success */
};

/* The kinds of injected failures, and the error that programs see. */
static const struct {
    const char *name;
    int error;
} kinds[INJECT_KINDS] = {
#define INJECT_KIND(NAME, name, error, gates) [INJECT_##NAME] = {#name, -(error)},
#include <ucow/enums.def>
};

extern char end[];
static volatile char *const place = (volatile char *)PLACE; /* three private pages and two shared ones */
static const char *const arguments[] = {"nop", "one", "two"};
static char text[] = "failedcalls: this was written\n";
static int *fresh;                 /* on a page that is untouched, or swapped out */
static const volatile char *stack; /* the stack from here to USERTOP must not change */

static uint32_t sum_of(uint32_t sum, const volatile void *from, const volatile void *to)
{
    for (const volatile uint32_t *word = from; word < (const volatile uint32_t *)to; word++)
        sum = (sum << 5 | sum >> 27) ^ *word;
    return sum;
}

/* Checksum of all memory except the page of `look` and the stack below main(). */
static uint32_t sum_memory(void)
{
    uint32_t sum =
        sum_of(1, (void *)(USER_TEXT & ~(PAGE_SIZE - 1)), (void *)ALIGN_DOWN((uintptr_t)brk(0), 4u));
    sum = sum_of(sum, place, place + 5 * PAGE_SIZE);
    return sum_of(sum, stack, (void *)USERTOP);
}

static void store_fpu(struct x87 *state)
{
    __asm__ volatile("fnsave %0; frstor %0" : "+m"(*state));
}

/* Compare without the pointers to the last instruction, which a processor may not keep. */
static bool same_fpu(const struct x87 *a, const struct x87 *b)
{
    return (uint16_t)a->control == (uint16_t)b->control && (uint16_t)a->tags == (uint16_t)b->tags &&
           memcmp(a->registers, b->registers, sizeof(a->registers)) == 0;
}

static void load(const struct call *call, unsigned kind)
{
    look->before[0] = (uint32_t)call->nr;
    look->before[1] = call->arg[2];
    look->before[2] = call->arg[1];
    look->before[3] = call->arg[0];
    look->before[4] = 0x51515151;
    look->before[5] = call->arg[3];
    look->before[6] = 0xebebebeb;
    look->forks = call->nr == NR_fork || call->nr == NR_clone;
    look->kind = kind;
}

static void check_registers(const struct call *call)
{
    for (int i = 1; i < 7; i++)
        if (look->after[i] != look->before[i])
            panic("%s: register %d was 0x%08x and is 0x%08x", call->name, i, look->before[i], look->after[i]);
    if (look->esp != LOOK + PAGE_SIZE || look->flags != look->flags_before)
        panic("%s: esp is 0x%08x, flags were 0x%08x and are 0x%08x", call->name, look->esp,
              look->flags_before, look->flags);
}

/* Make the call with its nth operation of `kind` failing. Returns whether it reached the nth. */
static bool fails_at(const struct call *call, unsigned kind, unsigned nth)
{
    struct x87 fpu_before, fpu_after;
    if (call->prepare != NULL)
        call->prepare();
    load(call, kind);
    uint32_t sum = sum_memory(), break_before = brk(0);
    unsigned pages = proc_of(getpid()).pages;
    store_fpu(&fpu_before);
    assert(sys_inject(kind, nth, 0) == 0);
    make_call();
    int result = (int)look->after[0];
    check_registers(call);
    if (look->passed < nth) {
        if (call->result != ANY && result != call->result)
            panic("%s is %d, should be %d", call->name, result, call->result);
        if (call->undo != NULL)
            call->undo(result);
        return false;
    }
    int wanted = call->failure != 0 ? call->failure : kinds[kind].error;
    if (result != wanted)
        panic("%s without %s %u is %d, should be %d", call->name, kinds[kind].name, nth, result, wanted);
    store_fpu(&fpu_after);
    if (!same_fpu(&fpu_before, &fpu_after))
        panic("%s without %s %u changed the FPU's registers", call->name, kinds[kind].name, nth);
    unsigned pages_after = proc_of(getpid()).pages;
    if (pages_after != pages || (uint32_t)brk(0) != break_before)
        panic("%s without %s %u: %u pages and break 0x%08x became %u and 0x%08x", call->name,
              kinds[kind].name, nth, pages, break_before, pages_after, (uint32_t)brk(0));
    if (sum_memory() != sum)
        panic("%s without %s %u changed the memory", call->name, kinds[kind].name, nth);
    return true;
}

static void try_kind(const struct call *call, unsigned kind)
{
    unsigned nth = 1;
    while (fails_at(call, kind, nth))
        nth++;
    if (nth > 1)
        printf("failedcalls: %s failed for want of %s, %u times\n", call->name, kinds[kind].name, nth - 1);
}

static void try_call(const struct call *call)
{
    for (unsigned kind = 0; kind < INJECT_KINDS; kind++)
        try_kind(call, kind);
}

static unsigned kind_in_turn;

static int try_one_kind(void *call)
{
    try_kind(call, kind_in_turn);
    return 0;
}

/* ---- before and after each call ---- */

static void reap_child(int pid)
{
    if (code_of(pid) != CHILD_CODE)
        panic("the child %d did not end as it should", pid);
}

static void renew_fresh(void)
{
    assert(munmap(fresh, PAGE_SIZE) == 0);
    assert(mmap((uintptr_t)fresh, PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) == fresh);
}

static void send_fresh_away(void)
{
    *(volatile int *)fresh = 1;
    sys_pageout((uintptr_t)fresh, PAGE_SIZE); /* does nothing without a swap disk */
}

static void have_zombie(void)
{
    static int pid;
    if (pid != 0 && sys_kill(pid) == -E_KILLED) /* the previous zombie was not reaped */
        return;
    pid = fork();
    if (pid == 0)
        exit(CHILD_CODE);
    assert(pid > 0);
    await_state(pid, ZOMBIE);
}

static void prepare_read(void)
{
    renew_fresh();
    send_fresh_away();
}

static void prepare_wait(void)
{
    renew_fresh();
    have_zombie();
}

static void prepare_wait_on_disk(void)
{
    prepare_read();
    have_zombie();
}

static void check_code(int result)
{
    (void)result;
    assert(*fresh == CHILD_CODE);
}

static void unmap_result(int result)
{
    assert(munmap((void *)(intptr_t)result, PAGE_SIZE) == 0);
}

static void fill_place(void)
{
    for (size_t page = 0; page < 5; page++)
        memset((char *)PLACE + page * PAGE_SIZE, 'a' + (int)page, PAGE_SIZE);
}

static void map_place(int result)
{
    (void)result;
    assert(mmap(PLACE, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) ==
           place);
    fill_place();
}

static void shrink_break(int result)
{
    brk((uintptr_t)result - 2 * PAGE_SIZE);
}

/* ---- the calls ---- */

#define NEW_MAPPING(share)                                            \
    {                                                                 \
        0, PAGE_SIZE, PROT_READ | PROT_WRITE, (share) | MAP_ANONYMOUS \
    }
#define OVER_MAPPING(share)                                                                       \
    {                                                                                             \
        PLACE + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, (share) | MAP_ANONYMOUS | MAP_FIXED \
    }

static void try_processes(void)
{
    static const struct call forking = {"fork", NR_fork, {0}, ANY, 0, NULL, reap_child};
    static const struct call cloning = {"clone", NR_clone, {0}, ANY, 0, NULL, reap_child};
    struct call waiting = {"wait", NR_wait, {0, (uint32_t)fresh}, 0, 0, prepare_wait, check_code};
    struct call waiting_on_disk = {"wait into a page that was out",
                                   NR_wait,
                                   {0, (uint32_t)fresh},
                                   0,
                                   0,
                                   prepare_wait_on_disk,
                                   check_code};
    try_call(&forking);
    try_call(&cloning);
    try_call(&waiting);
    try_call(&waiting_on_disk);
}

/* A successful exec leaves the injection plan active, and the new program may die of it; so each kind has its
 * own child. */
static void try_good_exec(struct call *call)
{
    for (kind_in_turn = 0; kind_in_turn < INJECT_KINDS; kind_in_turn++) {
        int code = child_code(try_one_kind, call);
        assert(code == 0 || (kind_in_turn <= INJECT_HEAP && code == -E_KILLED));
    }
}

static void try_exec(void)
{
    struct call good = {
        "exec", NR_exec, {(uint32_t) "nop", ARRAY_SIZE(arguments), (uint32_t)arguments}, ANY, 0, NULL, NULL};
    struct call missing = {"exec of nothing",
                           NR_exec,
                           {(uint32_t) "nosuch", ARRAY_SIZE(arguments), (uint32_t)arguments},
                           -E_NOENT,
                           0,
                           NULL,
                           NULL};
    try_good_exec(&good);
    try_call(&missing);
}

static void try_broken_exec(void)
{
    struct call broken = {"exec of what is broken",
                          NR_exec,
                          {(uint32_t) "broken", ARRAY_SIZE(arguments), (uint32_t)arguments},
                          -E_INVAL_ELF,
                          0,
                          NULL,
                          NULL};
    try_call(&broken);
}

static void try_memory(void)
{
    static const struct call calls[] = {
        {"mmap", NR_mmap, NEW_MAPPING(MAP_PRIVATE), ANY, 0, NULL, unmap_result},
        {"mmap to share", NR_mmap, NEW_MAPPING(MAP_SHARED), ANY, 0, NULL, unmap_result},
        {"mmap over pages", NR_mmap, OVER_MAPPING(MAP_PRIVATE), PLACE + PAGE_SIZE, 0, NULL, map_place},
        {"mmap over pages to share", NR_mmap, OVER_MAPPING(MAP_SHARED), PLACE + PAGE_SIZE, 0, NULL,
         map_place},
        {"munmap of the middle", NR_munmap, {PLACE + PAGE_SIZE, PAGE_SIZE}, 0, 0, NULL, map_place},
    };
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        try_call(&calls[i]);
    uint32_t now = brk(0);
    struct call growing = {"brk",    NR_brk, {now + 2 * PAGE_SIZE}, (int)(now + 2 * PAGE_SIZE),
                           (int)now, NULL,   shrink_break};
    try_call(&growing);
}

static void try_copies(void)
{
    struct call writing = {"write", NR_write, {STDOUT, (uint32_t)text, sizeof(text) - 1}, sizeof(text) - 1, 0,
                           NULL,    NULL};
    struct call asking = {"procs", NR_procs, {(uint32_t)fresh, 1, 0}, ANY, 0, renew_fresh, NULL};
    struct call measuring = {"meminfo", NR_meminfo, {(uint32_t)fresh}, 0, 0, renew_fresh, NULL};
    try_call(&writing);
    try_call(&asking);
    try_call(&measuring);
}

static void try_read(void)
{
    struct call reading = {"read", NR_read, {STDIN, (uint32_t)fresh, 1}, 1, 0, prepare_read, NULL};
    try_call(&reading);
}

int main(int argc, char *argv[])
{
    volatile char bytes[2 * PAGE_SIZE];
    memset((char *)bytes, 's', sizeof(bytes));
    stack = bytes;
    assert(mmap(LOOK, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED) == look);
    fresh = map_pages(PAGE_SIZE, MAP_PRIVATE);
    assert(mmap(PLACE + 3 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED) == place + 3 * PAGE_SIZE);
    assert(sbrk(PAGE_SIZE) != NULL);
    map_place(0);
    __asm__ volatile("fldpi");
    if (sys_inject(INJECT_FRAME, 0, 0) == -E_NO_DEV)
        panic("this kernel is built without -Dinject=true");
    CHECK(sys_inject(INJECT_KINDS, 1, 0), -E_INVAL, "inject of no kind");
    CHECK(sys_inject(INJECT_HEAP, 1, 2), -E_INVAL, "inject with unknown flags");
    try_processes();
    try_exec();
    try_memory();
    try_copies();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "broken") == 0)
            try_broken_exec();
        else
            try_read();
    }
    return pass();
}
