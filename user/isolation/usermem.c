/* SPDX-License-Identifier: MIT */
/*
 * usermem - tries every system call that takes a pointer with every kind of page, and prints a table of the
 * results: "ok", "zeros" if the call read zeros because the page is new, or the error.
 * test/serial/isolation/test_usermem.py has the expected table.
 *
 * Each cell of the table runs in its own process, so that it starts with untouched pages. It makes the pages
 * and the call, and checks that the kernel wrote the right bytes and no others; that a child that shares the
 * pages sees all of it if they are MAP_SHARED, else nothing; and that a refused call changed nothing. Else
 * it panics. `usermem swapped` does the same with pages on the swap disk; a cell executes `usermem` with
 * another word.
 *
 * read() needs input: the test must type the alphabet repeatedly.
 */
#include "check.h"

enum { DONE = 0, ZEROS = 1, CODE = 0x1234567, ADDRESS = 0x40000000, WINDOW = 2 };

/* ---- what the calls read ---- */

/* Everything that the calls read, and room for what they write; smaller than a page. */
struct cargo {
    char name[8], word[8], text[8];
    const char *argv[2];
    char room[128];
    char rest[PAGE_SIZE - 160];
} __attribute__((aligned(PAGE_SIZE)));

#define CARGO                                                                                           \
    {                                                                                                   \
        .name = "usermem", .word = "became", .text = "written\n", .argv = {in_text.name, in_text.word}, \
    }

static const struct cargo in_text = CARGO;
static struct cargo in_data = CARGO; /* the call of a cell is the first to touch it */

#include "usermem_places.h"

/* Shared between all processes of this program. */
static struct control {
    volatile int go, done, wrong; /* the witness may look; has looked; has found an error */
    char *from, *to;              /* the range that the kernel wrote in MAP_SHARED pages, ... */
    char object[128];             /* ... and its contents */
    unsigned typed;               /* characters read so far */
} * control;

/* ---- the calls: each returns an error, DONE or ZEROS ---- */

static int zombie; /* the child that the cell of wait() reaps */

static void make_zombie(void)
{
    zombie = fork();
    if (zombie == 0)
        exit(CODE);
    assert(zombie > 0);
    await_state(zombie, ZOMBIE);
}

static int call_wait(char *p, size_t n)
{
    (void)n;
    int error = waitpid(zombie, (int *)p);
    if (error != 0)
        assert(code_of(zombie) == CODE); /* after an error it can still be waited for */
    return error;
}

static bool wait_is_right(const char *p)
{
    return *(const int *)p == CODE;
}

static int call_waitany(char *p, size_t n)
{
    (void)n;
    int error = waitany((int *)p, NULL, 0);
    if (error != 0)
        assert(code_of(zombie) == CODE);
    return error;
}

static bool waitany_is_right(const char *p)
{
    return *(const int *)p == zombie;
}

static int call_read(char *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        int result = read(STDIN, p + done, n - done);
        if (result < 0)
            return result;
        done += (size_t)result;
    }
    return DONE;
}

static bool read_is_right(const char *p)
{
    bool right = true;
    for (int i = 0; i < 4; i++, control->typed++)
        right = right && p[i] == (char)('a' + control->typed % 26);
    return right;
}

static int call_procs(char *p, size_t n)
{
    (void)n;
    int result = sys_procs(p, 1, (unsigned)getpid());
    return result > 0 ? DONE : result;
}

static bool procs_is_right(const char *p)
{
    const struct proc_info *info = (const struct proc_info *)p;
    return info->pid == getpid() && info->state == RUNNING && strcmp(info->name, "usermem") == 0;
}

static int call_meminfo(char *p, size_t n)
{
    (void)n;
    return sys_meminfo(p);
}

static bool meminfo_is_right(const char *p)
{
    const struct mem_info *info = (const struct mem_info *)p;
    return info->total > info->free && info->free > 0 && info->processes > 1;
}

static int call_pages(char *p, size_t n)
{
    (void)n;
    return sys_pages(getpid(), p);
}

/* Whether the counts are plausible. Pages that the call itself makes present may be missing from them. */
static bool pages_is_right(const char *p)
{
    const struct page_counts *counts = (const struct page_counts *)p;
    unsigned told = counts->private + counts->shared + counts->swapped + counts->cache;
    return counts->shared > 0 && counts->cache > 0 && told > 0 && told <= proc_of(getpid()).pages;
}

static int call_ledger(char *p, size_t n)
{
    int result = sys_ledger(p, (unsigned)(n / sizeof(struct ledger_info)), 0);
    return result > 0 ? DONE : result;
}

static bool ledger_is_right(const char *p)
{
    const struct ledger_info *info = (const struct ledger_info *)p;
    return strncmp(info->name, "frames of ", sizeof("frames of ") - 1) == 0;
}

static int call_programs(char *p, size_t n)
{
    (void)n;
    int result = sys_programs(p, 1, 0);
    return result > 0 ? DONE : result;
}

static bool programs_is_right(const char *p)
{
    struct program_info first;
    assert(sys_programs(&first, 1, 0) > 0);
    return memcmp(p, &first, sizeof(first)) == 0 && first.bytes > 0;
}

static int call_write(char *p, size_t n)
{
    int result = write(STDOUT, p, n);
    if (result < 0)
        return result;
    bool whole = memcmp(p, in_text.text, n) == 0;
    if (!whole)
        write(STDOUT, "\n", 1);
    return (size_t)result != n ? -E_UNSPECIFIED : whole ? DONE : ZEROS;
}

static int call_name(char *p, size_t n)
{
    (void)n;
    return exec(p, 2, in_text.argv);
}

static int call_argv(char *p, size_t n)
{
    (void)n;
    return exec(in_text.name, 2, (const char *const *)p);
}

static int call_string(char *p, size_t n)
{
    (void)n;
    const char *const argv[] = {in_text.name, p};
    return exec(in_text.name, 2, argv);
}

/* A cell after exec. Returns DONE if the argument arrived whole, ZEROS if it was empty. */
static int became(const char *word)
{
    if (strcmp(word, in_text.word) == 0)
        return DONE;
    return strncmp(word, in_text.word, strlen(word)) == 0 ? ZEROS : -E_UNSPECIFIED;
}

static const struct call {
    const char *name;
    int (*make)(char *p, size_t n);
    bool (*is_right)(const char *p); /* checks what the kernel wrote */
    size_t offset, size;             /* of the object in struct cargo */
    void (*prepare)(void);
    bool piecewise; /* if a later part fails, the earlier parts may have been written */
} calls[] = {
    {"wait", call_wait, wait_is_right, offsetof(struct cargo, room), sizeof(int), make_zombie, false},
    {"waitany", call_waitany, waitany_is_right, offsetof(struct cargo, room), sizeof(int), make_zombie,
     false},
    {"read", call_read, read_is_right, offsetof(struct cargo, room), 4, NULL, false},
    {"procs", call_procs, procs_is_right, offsetof(struct cargo, room), sizeof(struct proc_info), NULL, true},
    {"meminfo", call_meminfo, meminfo_is_right, offsetof(struct cargo, room), sizeof(struct mem_info), NULL,
     true},
    {"pages", call_pages, pages_is_right, offsetof(struct cargo, room), sizeof(struct page_counts), NULL,
     true},
    {"ledger", call_ledger, ledger_is_right, offsetof(struct cargo, room), sizeof(struct ledger_info), NULL,
     true},
    {"programs", call_programs, programs_is_right, offsetof(struct cargo, room), sizeof(struct program_info),
     NULL, true},
    {"write", call_write, NULL, offsetof(struct cargo, text), sizeof(in_text.text), NULL, false},
    {"name", call_name, NULL, offsetof(struct cargo, name), sizeof(in_text.name), NULL, false},
    {"argv", call_argv, NULL, offsetof(struct cargo, argv), sizeof(in_text.argv), NULL, false},
    {"string", call_string, NULL, offsetof(struct cargo, word), sizeof("became"), NULL, false},
};

/* ---- one cell ---- */

/* The expected window. The pages before and after it must not change. */
static char wanted[WINDOW][PAGE_SIZE];

static char *window_page(int i)
{
    return (char *)ADDRESS + i * (intptr_t)PAGE_SIZE;
}

static char kind_of(const struct place *place, int i)
{
    return strlen(place->pages) > (size_t)i ? place->pages[i] : '.';
}

static bool is_filled(char kind)
{
    return strchr("WCASoPQT", kind) != NULL;
}

static bool is_shared(char kind)
{
    return kind == 'S' || kind == 's' || kind == 'T';
}

/* Whether a living child shares a page of this kind. */
static bool is_common(char kind)
{
    return kind == 'C' || kind == 'Q' || is_shared(kind);
}

static void make_page(int i, char kind)
{
    unsigned flags = MAP_ANONYMOUS | MAP_FIXED | (is_shared(kind) ? MAP_SHARED : MAP_PRIVATE);
    unsigned prot = PROT_READ | PROT_WRITE;
    if (kind == '.')
        return;
    if (kind == 'r' || kind == 'z')
        prot = PROT_READ;
    else if (kind == '-' || kind == 'o')
        prot = kind == 'o' ? PROT_WRITE : PROT_NONE;
    assert(mmap((uintptr_t)window_page(i), PAGE_SIZE, prot, flags) == window_page(i));
    if (is_filled(kind)) {
        memcpy(wanted[i], &in_text, PAGE_SIZE);
        memcpy(window_page(i), &in_text, PAGE_SIZE);
    } else if (kind == 'r') {
        assert(*(volatile char *)window_page(i) == 0);
    }
}

static char *object_place(const struct place *place, const struct call *call)
{
    uintptr_t window = (uintptr_t)window_page(place->where == MIDDLE ? 0 : 1);
    uintptr_t base = place->pages[0] != '\0' ? window : (uintptr_t)place->base;
    const size_t shift[] = {call->offset, -call->size, -(call->size / 2), 1 - call->size, 0};
    return (char *)base + shift[place->where];
}

/* Store the object that the call reads at `p`, as far as the pages can be written. */
static void put_object(const struct place *place, const struct call *call, char *p)
{
    const char *object = (const char *)&in_text + call->offset;
    if (place->base == (void *)USERTOP)
        memcpy(p, object, (size_t)MIN((uintptr_t)call->size, USERTOP - (uintptr_t)p));
    for (size_t i = 0; i < call->size && place->pages[0] != '\0'; i++) {
        size_t offset = (size_t)(p + i - window_page(0));
        if (is_filled(kind_of(place, (int)(offset / PAGE_SIZE))))
            p[i] = wanted[offset / PAGE_SIZE][offset % PAGE_SIZE] = object[i];
    }
}

/* Whether page i of the window is as expected, with `object` (NULL: any bytes) at [from, to). */
static bool page_holds(int i, const char *from, const char *to, const char *object)
{
    const char *page = window_page(i);
    for (size_t at = 0; at < PAGE_SIZE; at++) {
        bool inside = page + at >= from && page + at < to;
        if (inside && object != NULL && page[at] != object[page + at - from])
            return false;
        if (!inside && page[at] != wanted[i][at])
            return false;
    }
    return true;
}

static bool cargo_holds(const struct cargo *cargo, const char *from, const char *to)
{
    for (const char *p = cargo->room; p < (const char *)(cargo + 1); p++)
        if (*p != 0 && !(p >= from && p < to))
            return false;
    return strcmp(cargo->name, "usermem") == 0 && strcmp(cargo->word, "became") == 0 &&
           memcmp(cargo->text, "written\n", sizeof(cargo->text)) == 0 && cargo->argv[0] == in_text.name &&
           cargo->argv[1] == in_text.word;
}

/* Whether all memory except [from, to) is unchanged. */
static bool all_holds(const struct place *place, const char *from, const char *to)
{
    for (int i = 0; i < WINDOW; i++)
        if (strchr(".-", kind_of(place, i)) == NULL && !page_holds(i, from, to, NULL))
            return false;
    if (place->base == &in_data && !cargo_holds(&in_data, from, to))
        return false;
    return cargo_holds(&in_text, NULL, NULL) && *(window_page(0) - 1) == 'f' && *window_page(WINDOW) == 'b';
}

/* ---- the witness: a child that shares the pages and checks them after the call ---- */

static bool needs_witness(const struct place *place)
{
    return place->base == &in_data || is_common(kind_of(place, 0)) || is_common(kind_of(place, 1));
}

static bool witness_agrees(const struct place *place)
{
    if (place->base == &in_data)
        return cargo_holds(&in_data, NULL, NULL);
    for (int i = 0; i < WINDOW; i++) {
        char kind = kind_of(place, i);
        bool sees = is_shared(kind);
        if (kind != '.' &&
            !page_holds(i, sees ? control->from : NULL, sees ? control->to : NULL, control->object))
            return false;
    }
    return true;
}

static void start_witness(const struct place *place)
{
    int pid = fork();
    assert(pid >= 0);
    if (pid > 0)
        return;
    while (!control->go)
        yield();
    control->wrong = !witness_agrees(place);
    control->done = 1;
    exit(0);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* ---- the table ---- */

static void make_window(const struct place *place)
{
    static const unsigned fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    for (int i = 0; i < WINDOW; i++)
        make_page(i, kind_of(place, i));
    char *front = window_page(-1), *back = window_page(WINDOW);
    assert(mmap((uintptr_t)front, PAGE_SIZE, PROT_READ | PROT_WRITE, fixed) == front);
    assert(mmap((uintptr_t)back, PAGE_SIZE, PROT_READ | PROT_WRITE, fixed) == back);
    front[PAGE_SIZE - 1] = 'f';
    *back = 'b';
}

/* Swap out the pages whose kind says so. */
static void page_out(const struct place *place)
{
    enum { PAGEOUT = 203 };
    for (int i = 0; i < WINDOW; i++)
        if (strchr("PQT", kind_of(place, i)) != NULL &&
            syscall2(PAGEOUT, (uintptr_t)window_page(i), PAGE_SIZE) != 1)
            panic("%s: page %d does not go to the swap disk", place->name, i);
}

/* Run a cell: make the pages, make the call, and check its effects. */
static int be_cell(const struct place *place, const struct call *call)
{
    if (call->prepare != NULL)
        call->prepare();
    make_window(place);
    char *p = object_place(place, call);
    put_object(place, call, p);
    if (strchr(place->pages, 'A') != NULL)
        assert(child_code(nothing, NULL) == 0);
    page_out(place);
    if (needs_witness(place))
        start_witness(place);

    int outcome = call->make(p, call->size);
    char *from = p, *to = p;
    if (outcome == DONE && call->is_right != NULL && p != NULL) {
        to = p + call->size;
        if (!call->is_right(p))
            panic("%s, %s: not what it should write", place->name, call->name);
        memcpy(control->object, p, call->size);
    } else if (outcome < 0 && call->piecewise && place->where == ACROSS) {
        to = window_page(1);
    }
    control->from = from;
    control->to = to;
    if (!all_holds(place, from, to))
        panic("%s, %s = %d: memory beside it has changed", place->name, call->name, outcome);
    return outcome;
}

static int outcome_of_cell(const struct place *place, const struct call *call)
{
    control->go = control->done = control->wrong = 0;
    control->from = control->to = NULL;
    int pid = fork();
    if (pid == 0)
        exit(be_cell(place, call));
    assert(pid > 0);
    int outcome = code_of(pid);
    control->go = 1;
    while (needs_witness(place) && !control->done)
        yield();
    if (control->wrong)
        panic("%s, %s = %d: a child sees what it should not, or not what it should", place->name, call->name,
              outcome);
    if (outcome == -E_PANIC || outcome == -E_KILLED)
        panic("%s, %s: ended with %d", place->name, call->name, outcome);
    return outcome;
}

static void try_place(const struct place *place)
{
    char line[128];
    int used = snprintf(line, sizeof(line), "%-26s", place->name);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        int outcome = outcome_of_cell(place, &calls[i]);
        char number[12];
        snprintf(number, sizeof(number), "%d", outcome);
        const char *word = outcome == DONE ? "ok" : outcome == ZEROS ? "zeros" : number;
        used += snprintf(line + used, sizeof(line) - (size_t)used, " %7s", word);
    }
    printf("usermem: %s\n", line);
}

static void try_places(const struct place *all, size_t n)
{
    printf("usermem: %-26s", "");
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        printf(" %7s", calls[i].name);
    printf("\n");
    for (size_t i = 0; i < n; i++)
        try_place(&all[i]);
}

/* Not inlined: its frame is below the largest structure that the kernel writes at the end of the stack. */
static __attribute__((noinline)) int run(bool swapped)
{
    assert((uintptr_t)__builtin_frame_address(0) + 8 <= USERTOP - sizeof(struct proc_info));
    assert(cargo_holds(&in_text, NULL, NULL)); /* makes its page present before any cell runs */
    control = map_pages(sizeof(*control), MAP_SHARED);
    if (swapped)
        try_places(swapped_places, ARRAY_SIZE(swapped_places));
    else
        try_places(places, ARRAY_SIZE(places));
    return pass();
}

int main(int argc, char *argv[])
{
    volatile char above[sizeof(struct proc_info)] = {0};
    bool swapped = argc == 2 && strcmp(argv[1], "swapped") == 0;
    if (argc == 2 && !swapped)
        return became(argv[1]);
    return run(swapped) + above[0];
}
