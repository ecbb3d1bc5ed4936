/* SPDX-License-Identifier: MIT */
/*
 * execkeep - a failed exec leaves the caller's memory unchanged, whether the program or memory was
 * missing; a successful one keeps pid and parent, and starts with initial data and an empty heap
 * (D04, D43, D85).
 *
 * It executes itself as `execkeep after PID PARENT`; its children try `execkeep gone`.
 */
#include "check.h"

enum { HEAP_BYTES = 3 * PAGE_SIZE, FAILED = 4, WORKED = 5, SPARE_MOST = 24, ROUGHLY = 16 };

static unsigned data[1024] = {0xda7a};
static unsigned *heap, *mapping;
extern const char end[]; /* the end of bss, from the linker script */

static unsigned sum(const unsigned *words, size_t bytes)
{
    unsigned total = 0;
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        total = total * 31 + words[i];
    return total;
}

static unsigned sum_all(void)
{
    return sum(data, sizeof(data)) ^ sum(heap, HEAP_BYTES) ^ sum(mapping, PAGE_SIZE) ^ (unsigned)brk(0);
}

static void fill(unsigned *words, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        words[i] = seed + (unsigned)i * 2654435761u;
}

static struct mem_info memory(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info;
}

static int become(const char *const *argv, int argc)
{
    return exec("execkeep", argc, argv);
}

/* Touch pages until at most `spare` are free, then exec. The last pages are touched one at a time, with
 * a check after each. */
static int exec_with(void *spare)
{
    static const char *const argv[] = {"execkeep", "gone"};
    unsigned left = (unsigned)(uintptr_t)spare, before = sum_all();
    size_t free = memory().free, at = 0;
    volatile char *all = map_pages(free * PAGE_SIZE, MAP_PRIVATE);
    for (; at + left + ROUGHLY < free; at++)
        all[at * PAGE_SIZE] = 1;
    for (; memory().free > left; at++)
        all[at * PAGE_SIZE] = 1;
    int error = become(argv, ARRAY_SIZE(argv));
    return error == -E_NO_MEM && sum_all() == before ? FAILED : error;
}

static void check_no_memory(void)
{
    int failed = 0, worked = 0;
    CHECK(child_code(exec_with, (void *)SPARE_MOST), WORKED, "exec with %d spare pages", SPARE_MOST);
    unsigned user = memory().user;
    for (uintptr_t spare = 0; spare < SPARE_MOST; spare++) {
        int code = child_code(exec_with, (void *)spare);
        failed += code == FAILED;
        worked += code == WORKED;
    }
    CHECK(failed + worked, SPARE_MOST, "execs that failed with -4 or worked");
    CHECK(failed > 0 && worked > 0, true, "some failed and some worked");
    CHECK((int)(memory().user - user), 0, "user pages that did not come back");
}

static void check_failures(void)
{
    static const char *const argv[] = {"x", (const char *)USERTOP};
    unsigned before = sum_all();
    CHECK(exec("nosuch", 1, argv), -E_NOENT, "exec of an unknown program");
    CHECK(exec((const char *)USERTOP, 1, argv), -E_INVAL, "exec of a kernel address");
    CHECK(exec("args", 2, argv), -E_INVAL, "exec with a bad argument");
    CHECK(exec("args", EXEC_MAX_ARGS + 1, argv), -E_TOO_BIG, "exec with too many arguments");
    CHECK(sum_all() == before, true, "memory as before");
}

static int load(void *addr)
{
    return *(volatile int *)addr & 0;
}

static int after(char *argv[])
{
    char pid[12], parent[12];
    snprintf(pid, sizeof(pid), "%d", getpid());
    snprintf(parent, sizeof(parent), "%d", proc_of(getpid()).parent);
    CHECK(strcmp(pid, argv[2]), 0, "the pid, compared");
    CHECK(strcmp(parent, argv[3]), 0, "the parent, compared");
    CHECK((int)data[0], 0xda7a, "first word of data");
    CHECK(brk(0) == ALIGN_UP((uintptr_t)end, PAGE_SIZE), true, "break behind bss");
    CHECK(child_code(load, (void *)0x40000000), -E_KILLED, "load from the mapping that was");
    return pass();
}

int main(int argc, char *argv[])
{
    if (argc == 2)
        return WORKED;
    if (argc == 4)
        return after(argv);
    heap = sbrk(HEAP_BYTES);
    mapping = mmap(0x40000000, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    assert(heap != NULL && mapping == (void *)0x40000000);
    fill(data, sizeof(data), 1);
    fill(heap, HEAP_BYTES, 2);
    fill(mapping, PAGE_SIZE, 3);

    check_failures();
    check_no_memory();
    char pid[12], parent[12];
    snprintf(pid, sizeof(pid), "%d", getpid());
    snprintf(parent, sizeof(parent), "%d", proc_of(getpid()).parent);
    const char *const words[] = {"execkeep", "after", pid, parent};
    return become(words, ARRAY_SIZE(words));
}
