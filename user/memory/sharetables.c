/* SPDX-License-Identifier: MIT */
/*
 * sharetables - what fork, writes and changes of mappings do to page tables that processes share until one of
 * them writes. Each subject is an argument: `sharetables chain`. What a program sees is the same in every
 * build; the trace tells whether tables were shared.
 */
#include "check.h"

enum { TABLE_BYTES = 4 << 20, PAGES = 40, GENERATIONS = 16, SIBLINGS = 4, TABLES = 2 };

typedef volatile unsigned page[PAGE_SIZE / sizeof(unsigned)];

/* Two spans of page tables that have nothing else in them; the first PAGES pages of each are used. */
static page *const spans[TABLES] = {(page *)0x40000000, (page *)(0x40000000 + TABLE_BYTES)};

static unsigned word_of(int table, int i)
{
    return 0x5eed0000u + (unsigned)(table * PAGES + i);
}

static void map_at(volatile void *at, size_t bytes, unsigned share)
{
    void *place = mmap((uintptr_t)at, bytes, PROT_READ | PROT_WRITE, share | MAP_FIXED | MAP_ANONYMOUS);
    assert(place == (void *)(uintptr_t)at);
}

static void start(void)
{
    for (int table = 0; table < TABLES; table++) {
        map_at(spans[table], PAGES * PAGE_SIZE, MAP_PRIVATE);
        for (int i = 0; i < PAGES; i++)
            spans[table][i][i] = word_of(table, i);
    }
}

/* How many pages of both spans do not hold what start() wrote. */
static int wrong(void)
{
    int n = 0;
    for (int table = 0; table < TABLES; table++)
        for (int i = 0; i < PAGES; i++)
            n += spans[table][i][i] != word_of(table, i);
    return n;
}

/* Write `value` to the first span's pages. Returns how many do not hold it then. */
static int write_all(unsigned value)
{
    int n = 0;
    for (int i = 0; i < PAGES; i++)
        spans[0][i][i] = value;
    for (int i = 0; i < PAGES; i++)
        n += spans[0][i][i] != value;
    return n;
}

static int forked(void)
{
    int pid = fork();
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return pid;
}

/* ---- sixteen generations; the youngest writes first, or the oldest ends first ---- */

static int live(int generation)
{
    if (wrong() != 0)
        return 0;
    int below = 0;
    if (generation < GENERATIONS) {
        int pid = forked();
        if (pid == 0)
            exit(live(generation + 1));
        below = code_of(pid);
    }
    bool right = wrong() == 0 && write_all((unsigned)generation) == 0;
    return right ? below + 1 : 0;
}

/* Each generation forks the next and ends at once. The last one waits for its turn. */
static void pass_on(int generation, volatile int *result)
{
    for (; generation < GENERATIONS; generation++)
        if (forked() != 0)
            exit(0);
    sleep(2);
    *result = wrong() == 0 && write_all(7) == 0;
    exit(0);
}

static void chain(void)
{
    CHECK(live(1), GENERATIONS, "generations that saw the right pages");
    start();
    volatile int *result = map_pages(PAGE_SIZE, MAP_SHARED);
    *result = -1;
    int pid = forked();
    if (pid == 0)
        pass_on(1, result);
    code_of(pid);
    while (*result < 0)
        sleep(1);
    CHECK(*result, 1, "the heir of sixteen dead generations is right");
    CHECK(wrong(), 0, "pages of the first generation that are wrong");
}

/* ---- two threads, one of which gets the table's copy for both ---- */

static char stack[4 * PAGE_SIZE] __attribute__((aligned(16)));

static int write_in_thread(void *arg)
{
    (void)arg;
    return write_all(0x7ead);
}

static void threads(void)
{
    volatile int *go = map_pages(PAGE_SIZE, MAP_SHARED);
    int child = forked();
    if (child == 0) {
        while (*go == 0)
            sleep(1);
        exit(wrong());
    }
    CHECK(wrong(), 0, "pages that the first thread reads wrong"); /* its TLB has them now */
    CHECK(code_of(thread_start(write_in_thread, NULL, stack + sizeof(stack))), 0,
          "pages the other writes wrong");
    int seen = 0;
    for (int i = 0; i < PAGES; i++)
        seen += spans[0][i][i] == 0x7ead;
    CHECK(seen, PAGES, "written pages that the first thread sees");
    *go = 1;
    CHECK(code_of(child), 0, "pages that are wrong in the child");
}

/* ---- memory that is shared on purpose ---- */

static int write_common(void *arg)
{
    volatile unsigned *common = arg;
    *common = 0x600d;
    spans[0][0][0] = 1;
    return wrong();
}

static void shmem(void)
{
    page *common = spans[0] + PAGES + 8, *later = spans[1] + PAGES + 8;
    map_at(common, PAGE_SIZE, MAP_SHARED);
    **common = 1;
    CHECK(child_code(write_common, (void *)common), 1, "pages that are wrong in the child that wrote one");
    CHECK((int)**common, 0x600d, "the common page");
    CHECK(wrong(), 0, "pages of the parent that are wrong");
    int pid = forked();
    if (pid == 0) { /* the second span's table is shared when this comes into it */
        map_at(later, PAGE_SIZE, MAP_SHARED);
        **later = 2;
        int code = child_code(write_common, (void *)later);
        exit(code == 1 && **later == 0x600d ? 0 : 1);
    }
    CHECK(code_of(pid), 0, "exit code of the child that maps shared memory later");
    CHECK(wrong(), 0, "pages of the parent that are wrong after it");
}

/* ---- changes of mappings ---- */

static int touch(void *arg)
{
    return (int)*(volatile unsigned *)arg;
}

/* Pages of the first span that are not the parent's any more, and others that must be. */
static int change(void *arg)
{
    (void)arg;
    assert(munmap(spans[0], PAGE_SIZE) == 0);
    map_at(spans[0] + 1, PAGE_SIZE, MAP_PRIVATE);
    assert(munmap(spans[0] + 9, 3 * PAGE_SIZE) == 0);
    map_at(spans[0] + 10, PAGE_SIZE, MAP_PRIVATE);
    spans[0][10][10] = 5;
    int right = spans[0][1][1] == 0 && spans[0][2][2] == word_of(0, 2) && spans[0][12][12] == word_of(0, 12);
    right += child_code(touch, (void *)&spans[0][0][0]) == -E_KILLED;
    right += child_code(touch, (void *)&spans[0][11][0]) == -E_KILLED;
    right += child_code(touch, (void *)&spans[0][10][10]) == 5;
    assert(munmap(spans[1], PAGES * PAGE_SIZE) == 0); /* all that the second table has */
    right += child_code(touch, (void *)&spans[1][0][0]) == -E_KILLED;
    return right;
}

/* One call across both spans. */
static int change_across(void *arg)
{
    (void)arg;
    char *middle = (char *)(uintptr_t)(spans[0] + PAGES - 1);
    assert(munmap(middle, TABLE_BYTES - (PAGES - 3) * PAGE_SIZE) == 0);
    return child_code(touch, middle) == -E_KILLED &&
           child_code(touch, (void *)&spans[1][1][1]) == -E_KILLED &&
           spans[0][PAGES - 2][PAGES - 2] == word_of(0, PAGES - 2) && spans[1][2][2] == word_of(1, 2);
}

static int shrink(void *arg)
{
    uintptr_t top = (uintptr_t)arg;
    volatile char *heap = (char *)top;
    if (brk(top - PAGE_SIZE) != top - PAGE_SIZE || brk(top) != top)
        return 1;
    return heap[-1] == 0 && heap[-1 - PAGE_SIZE] == 'h' ? 0 : 2;
}

static void unmap(void)
{
    uintptr_t top = brk(0) + 3 * PAGE_SIZE;
    CHECK((int)(brk(top) - top), 0, "the break, from where it was put");
    volatile char *heap = (char *)top;
    heap[-1] = heap[-1 - PAGE_SIZE] = 'h';
    CHECK(child_code(change, NULL), 5, "changes of the child that it sees");
    CHECK(wrong(), 0, "pages of the parent that are wrong");
    CHECK(child_code(change_across, NULL), 1, "a call across two tables is seen");
    CHECK(wrong(), 0, "pages of the parent that are wrong after it");
    CHECK(child_code(shrink, (void *)top), 0, "exit code of the child whose heap shrinks");
    CHECK(heap[-1], 'h', "the parent's heap");
}

/* ---- exec, and exits in every order ---- */

static void exec_in_child(void)
{
    static const char *const argv[] = {"nop"};
    int pid = forked();
    if (pid == 0)
        exit(exec(argv[0], ARRAY_SIZE(argv), argv));
    CHECK(code_of(pid), 0, "exit code of the child that executes nop");
    CHECK(wrong(), 0, "pages of the parent that are wrong");
    CHECK(write_all(3), 0, "pages that the parent writes wrong");
}

/* Three children end when their number is called, and see the right pages until then. */
static void end_in_order(volatile int *turn, const unsigned char order[3])
{
    int pids[3];
    *turn = -1;
    for (int i = 0; i < 3; i++) {
        pids[i] = forked();
        if (pids[i] == 0) {
            while (*turn != i)
                yield();
            exit(wrong());
        }
    }
    for (int n = 0; n < 3; n++) {
        *turn = order[n];
        CHECK(code_of(pids[order[n]]), 0, "pages that are wrong in child %d", order[n]);
    }
}

static void order(void)
{
    static const unsigned char orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                              {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    volatile int *turn = map_pages(PAGE_SIZE, MAP_SHARED);
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        end_in_order(turn, orders[i]);
    CHECK(wrong(), 0, "pages of the parent that are wrong");
    CHECK(write_all(9), 0, "pages that the parent writes wrong");
}

/* ---- the kernel writes for a process ---- */

static int kernel_writes(void *arg)
{
    (void)arg;
    int *code = (int *)(uintptr_t)&spans[0][4][0];
    int pid = forked();
    if (pid == 0)
        exit(77);
    return waitpid(pid, code) == 0 && *code == 77 ? wrong() : -1;
}

static void kernel(void)
{
    CHECK(child_code(kernel_writes, NULL), 0, "pages that are wrong when wait() has written");
    CHECK((int)spans[0][4][0], 0, "what the parent sees of it");
    CHECK(wrong(), 0, "pages of the parent that are wrong");
}

/* ---- siblings whose pages are on the disk ---- */

static void out(void)
{
    for (int table = 0; table < TABLES; table++)
        assert(sys_pageout((uintptr_t)spans[table], PAGES * PAGE_SIZE) >= 0);
}

static void siblings(void)
{
    volatile int *turn = map_pages(PAGE_SIZE, MAP_SHARED);
    int pids[SIBLINGS];
    for (int i = 0; i < SIBLINGS; i++) {
        pids[i] = forked();
        if (pids[i] == 0) {
            while (*turn != i + 1)
                yield();
            int bad = wrong(); /* comes back from the disk, for all siblings that have the table */
            out();
            bad += wrong();
            bad += i % 2 == 0 ? write_all((unsigned)i) : 0;
            out();
            exit(bad + (spans[0][5][5] != (i % 2 == 0 ? (unsigned)i : word_of(0, 5))));
        }
    }
    out();
    for (int i = 0; i < SIBLINGS; i++) {
        *turn = i + 1;
        CHECK(code_of(pids[i]), 0, "pages that are wrong in sibling %d", i);
    }
    CHECK(wrong(), 0, "pages of the parent that are wrong");
}

/* ---- no memory for a table's copy ---- */

static unsigned room(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.free + info.swap_free;
}

/* What happened without memory: the child cannot print it. */
struct results {
    int cut, cover, wrong;
};

/* Use up all memory, then change a shared table. All calls are inlined: there may be no frame for another
 * stack page. A region shrinks without memory, so the first call fails only if a table must be copied. */
static int without_memory(void *arg)
{
    volatile struct results *told = arg;
    volatile char *pages = map_pages(room() * PAGE_SIZE, MAP_PRIVATE);
    for (size_t at = 0; room() > 8; at++)
        pages[at * PAGE_SIZE] = 1;
    int error = 0, n = 0;
    for (unsigned prot = PROT_READ; error == 0; prot ^= PROT_WRITE) /* adjacent regions that are not merged */
        error = mmap_error((void *)sys_mmap(0, PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS));
    told->cut = sys_munmap((uintptr_t)spans[0], PAGE_SIZE);
    told->cover = mmap_error((void *)sys_mmap((uintptr_t)(spans[0] + 2), PAGE_SIZE, PROT_READ,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED));
    for (int i = 1; i < PAGES; i++)
        n += spans[0][i][i] != word_of(0, i);
    told->wrong = n;
    spans[0][3][3] = 1;
    sys_exit(1);
    return 0;
}

static void oom(void)
{
    volatile struct results *told = map_pages(sizeof(*told), MAP_SHARED);
    told->wrong = -1;
    int code = child_code(without_memory, (void *)told);
    printf("sharetables: without memory munmap %d mmap %d wrong %d exit code %d\n", told->cut, told->cover,
           told->wrong, code);
    CHECK(wrong(), 0, "pages of the parent that are wrong");
    CHECK(write_all(4), 0, "pages that the parent writes wrong");
}

static const struct {
    const char *name;
    void (*run)(void);
} subjects[] = {
    {"chain", chain}, {"threads", threads}, {"shmem", shmem},       {"unmap", unmap}, {"exec", exec_in_child},
    {"order", order}, {"kernel", kernel},   {"siblings", siblings}, {"oom", oom},
};

int main(int argc, char *argv[])
{
    for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
        if (argc != 2 || strcmp(argv[1], subjects[i].name) != 0)
            continue;
        start();
        subjects[i].run();
        return pass();
    }
    printf("usage: sharetables SUBJECT\n");
    return 1;
}
