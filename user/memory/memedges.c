/* SPDX-License-Identifier: MIT */
/*
 * memedges - edge cases of brk, mmap and munmap, one per row: the pages before, one call, its result, and
 * the pages after.
 *
 * This file is also compiled for the Linux of the build machine (test/unit) and must pass there, so a row
 * expects what Linux does. Deliberate differences of ucow, with reasons, are in `differences`. Addresses
 * in rows are relative to a window of free pages, to the heap, or to the end of user space. A window is
 * described by a string, one character per page:
 *
 *   .  not mapped    -  no access    r  readable, zero    w  writable, zero    A B C  holds this letter
 */
#include "memcalls.h"

enum {
    WINDOW_PAGES = 16,
    RW = PROT_READ | PROT_WRITE,
    PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS,
    SHARED = MAP_SHARED | MAP_ANONYMOUS,
    FIXED = PRIVATE | MAP_FIXED,
    UNKNOWN_RIGHT = 0x100,    /* a PROT bit that Linux ignores */
    UNKNOWN_TYPE = 4,         /* in the mapping-type bits, neither shared nor private */
    LINUX_NORESERVE = 0x4000, /* a flag that ucow does not have */
};

/* Lengths that overflow any address: a multiple of the page size, and one that wraps when rounded up. */
#define ALMOST_ALL ((size_t)0 - PAGE_SIZE)
#define ALL ((size_t)0 - 1)

#define P PAGE_SIZE

struct call {
    enum { DO_MMAP, DO_MUNMAP, DO_BRK, DO_BRK_TWICE } what;
    enum { IN_WINDOW, FROM_END, ABSOLUTE } from; /* the base of `at` */
    intptr_t at;
    intptr_t length; /* DO_BRK_TWICE: where the second call moves the break */
    unsigned prot, flags;
};

/* Calls in rows. An address is AT(page), AT(page) + bytes, END(bytes) or HERE(address). */
#define AT(page) IN_WINDOW, (page) * (intptr_t)P
#define END(bytes) FROM_END, bytes
#define HERE(address) ABSOLUTE, (intptr_t)(address)
#define MMAP(place, length, prot, flags)                \
    {                                                   \
        DO_MMAP, place, (intptr_t)(length), prot, flags \
    }
#define MUNMAP(place, length)                      \
    {                                              \
        DO_MUNMAP, place, (intptr_t)(length), 0, 0 \
    }
#define BRK(place)             \
    {                          \
        DO_BRK, place, 0, 0, 0 \
    }
#define BRK_TWICE(first, second)                     \
    {                                                \
        DO_BRK_TWICE, IN_WINDOW, first, second, 0, 0 \
    }

/* One row. A result is "page 3", "elsewhere", "0", "EINVAL" or "ENOMEM"; for brk, the size of the heap
 * as "PAGES + BYTES". */
struct edge {
    const char *what;
    const char *given; /* the window before; the rest of it is empty */
    struct call call;
    const char *result;
    const char *after; /* the window after; NULL: unchanged */
    intptr_t heap;     /* for brk: the break before, in bytes from the start of the heap */
};

static const struct edge munmap_edges[] = {
    {"the middle", "ABCD", MUNMAP(AT(1), 2 * P), "0", "A..D", 0},
    {"the front", "ABCD", MUNMAP(AT(0), P), "0", ".BCD", 0},
    {"the end", "ABCD", MUNMAP(AT(3), P), "0", "ABC.", 0},
    {"a byte", "AB", MUNMAP(AT(0), 1), "0", ".B", 0},
    {"a page and a byte", "ABCD", MUNMAP(AT(1), P + 1), "0", "A..D", 0},
    {"an address inside a page", "AB", MUNMAP(AT(0) + 1, P), "EINVAL", NULL, 0},
    {"no length", "AB", MUNMAP(AT(0), 0), "EINVAL", NULL, 0},
    {"a hole", "A..D", MUNMAP(AT(1), 2 * P), "0", NULL, 0},
    {"several mappings and holes", "AB.rr-.C.D", MUNMAP(AT(1), 8 * P), "0", "A........D", 0},
    {"from a hole to a hole", "A..rr..H", MUNMAP(AT(2), 4 * P), "0", "A......H", 0},
    {"the seam of two mappings", "ABrr", MUNMAP(AT(1), 2 * P), "0", "A..r", 0},
    {"what has no rights", "A--D", MUNMAP(AT(1), P), "0", "A.-D", 0},
    {"the first page", "A", MUNMAP(HERE(0), P), "0", NULL, 0},
    {"beyond the end of user space", "A", MUNMAP(END(-(intptr_t)P), 2 * P), "EINVAL", NULL, 0},
    {"at the end of user space", "A", MUNMAP(END(0), P), "EINVAL", NULL, 0},
    {"nothing at the end of user space", "A", MUNMAP(END(0), 0), "EINVAL", NULL, 0},
    {"the last page there is", "A", MUNMAP(HERE(ALMOST_ALL), P), "EINVAL", NULL, 0},
    {"an end that wraps to 0", "A", MUNMAP(HERE(ALMOST_ALL), 2 * P), "EINVAL", NULL, 0},
    {"a length that wraps", "A", MUNMAP(AT(0), ALMOST_ALL), "EINVAL", NULL, 0},
    {"a length that wraps when rounded", "A", MUNMAP(AT(0), ALL), "EINVAL", NULL, 0},
    {"as much as all of user space", "A", MUNMAP(AT(0), USER_END), "EINVAL", NULL, 0},
};

static const struct edge fixed_edges[] = {
    {"into nothing", "", MMAP(AT(1), 2 * P, RW, FIXED), "page 1", ".ww", 0},
    {"a byte", "", MMAP(AT(1), 1, RW, FIXED), "page 1", ".w", 0},
    {"a page and a byte", "ABCD", MMAP(AT(1), P + 1, RW, FIXED), "page 1", "AwwD", 0},
    {"over the middle", "ABCD", MMAP(AT(1), 2 * P, PROT_READ, FIXED), "page 1", "ArrD", 0},
    {"over a front", ".BCD", MMAP(AT(0), 2 * P, RW, FIXED), "page 0", "wwCD", 0},
    {"over an end", "AB", MMAP(AT(1), 3 * P, PROT_NONE, FIXED), "page 1", "A---", 0},
    {"over all of it", "AB", MMAP(AT(0), 2 * P, RW, FIXED), "page 0", "ww", 0},
    {"over several and holes", "AB.rr-.C.D", MMAP(AT(1), 8 * P, RW, FIXED), "page 1", "AwwwwwwwwD", 0},
    {"shared over private", "ABC", MMAP(AT(1), P, RW, SHARED | MAP_FIXED), "page 1", "AwC", 0},
    {"to write only", "", MMAP(AT(0), P, PROT_WRITE, FIXED), "page 0", "w", 0},
    {"with an unknown right", "", MMAP(AT(0), P, PROT_READ | UNKNOWN_RIGHT, FIXED), "page 0", "r", 0},
    {"inside a page", "ABC", MMAP(AT(1) + 1, P, RW, FIXED), "EINVAL", NULL, 0},
    {"no length", "ABC", MMAP(AT(1), 0, RW, FIXED), "EINVAL", NULL, 0},
    {"neither private nor shared", "ABC", MMAP(AT(1), P, RW, MAP_ANONYMOUS | MAP_FIXED), "EINVAL", NULL, 0},
    {"private and shared", "ABC", MMAP(AT(1), P, RW, FIXED | MAP_SHARED), "EINVAL", NULL, 0},
    {"of an unknown type", "ABC", MMAP(AT(1), P, RW, FIXED | UNKNOWN_TYPE), "EINVAL", NULL, 0},
    {"beyond the end of user space", "A", MMAP(END(-(intptr_t)P), 2 * P, RW, FIXED), "ENOMEM", NULL, 0},
    {"at the end of user space", "A", MMAP(END(0), P, RW, FIXED), "ENOMEM", NULL, 0},
    {"the last page there is", "A", MMAP(HERE(ALMOST_ALL), P, RW, FIXED), "ENOMEM", NULL, 0},
    {"an end that wraps to 0", "A", MMAP(HERE(ALMOST_ALL), 2 * P, RW, FIXED), "ENOMEM", NULL, 0},
    {"a length that wraps", "AB", MMAP(AT(1), ALMOST_ALL, RW, FIXED), "ENOMEM", NULL, 0},
    {"a length that wraps when rounded", "AB", MMAP(AT(1), ALL, RW, FIXED), "ENOMEM", NULL, 0},
    {"too long and inside a page", "AB", MMAP(AT(1) + 1, ALMOST_ALL, RW, FIXED), "ENOMEM", NULL, 0},
    {"beyond the end and inside a page", "A", MMAP(END(1), P, RW, FIXED), "ENOMEM", NULL, 0},
    {"beyond the end and of no type", "A", MMAP(END(0), P, RW, MAP_ANONYMOUS | MAP_FIXED), "ENOMEM", NULL, 0},
    {"no length and beyond the end", "A", MMAP(END(0), 0, RW, FIXED), "EINVAL", NULL, 0},
};

static const struct edge hint_edges[] = {
    {"no wish", "", MMAP(HERE(0), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"a wish that is free", "", MMAP(AT(2), 2 * P, RW, PRIVATE), "page 2", "..ww", 0},
    {"the first byte of a page", "", MMAP(AT(2) + 1, P, RW, PRIVATE), "page 2", "..w", 0},
    {"the last byte of a page", "", MMAP(AT(3) - 1, P, RW, PRIVATE), "page 2", "..w", 0},
    {"a wish that just fits", "A..D", MMAP(AT(1), 2 * P, RW, PRIVATE), "page 1", "AwwD", 0},
    {"a byte too much", "A..D", MMAP(AT(1), 2 * P + 1, RW, PRIVATE), "elsewhere", NULL, 0},
    {"a wish that is taken", "ABC", MMAP(AT(1), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"inside a page before one taken", "A.C", MMAP(AT(1) + 5, P, RW, PRIVATE), "page 1", "AwC", 0},
    {"a wish taken without rights", "A-C", MMAP(AT(1), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"shared memory", "", MMAP(AT(2), P, PROT_READ, SHARED), "page 2", "..r", 0},
    {"across the end of user space", "", MMAP(END(-(intptr_t)P), 2 * P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"the end of user space", "", MMAP(END(0), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"the last page there is", "", MMAP(HERE(ALMOST_ALL), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"the last byte there is", "", MMAP(HERE(ALL), P, RW, PRIVATE), "elsewhere", NULL, 0},
    {"no length", "", MMAP(AT(0), 0, RW, PRIVATE), "EINVAL", NULL, 0},
    {"no length and no type", "", MMAP(AT(0), 0, RW, MAP_ANONYMOUS), "EINVAL", NULL, 0},
    {"a length that wraps", "", MMAP(AT(0), ALMOST_ALL, RW, PRIVATE), "ENOMEM", NULL, 0},
    {"a length that wraps when rounded", "", MMAP(AT(0), ALL, RW, PRIVATE), "ENOMEM", NULL, 0},
    {"as much as all of user space", "", MMAP(AT(0), USER_END, PROT_NONE, PRIVATE), "ENOMEM", NULL, 0},
    {"more than there is room", "A", MMAP(AT(0), USER_END - 512 * P, PROT_NONE, PRIVATE), "ENOMEM", NULL, 0},
    {"too long and of no type", "", MMAP(AT(0), ALMOST_ALL, RW, MAP_ANONYMOUS), "ENOMEM", NULL, 0},
    {"neither private nor shared", "", MMAP(AT(0), P, RW, MAP_ANONYMOUS), "EINVAL", NULL, 0},
    {"private and shared", "", MMAP(AT(0), P, RW, PRIVATE | MAP_SHARED), "EINVAL", NULL, 0},
};

/* In these rows the window begins at the start of the heap. */
static const struct edge brk_edges[] = {
    {"asked by 0", "AB", BRK(HERE(0)), "1 + 5", NULL, P + 5},
    {"asked by the end of all addresses", "AB", BRK(HERE(ALL)), "1 + 5", NULL, P + 5},
    {"to where it is", "AB", BRK(AT(1) + 5), "1 + 5", NULL, P + 5},
    {"a byte below the start", "AB", BRK(AT(0) - 1), "1 + 5", NULL, P + 5},
    {"a page below the start", "AB", BRK(AT(0) - P), "1 + 5", NULL, P + 5},
    {"up by a byte", "", BRK(AT(0) + 1), "0 + 1", "w", 0},
    {"up by a page", "", BRK(AT(1)), "1 + 0", "w", 0},
    {"up by a page and a byte", "", BRK(AT(1) + 1), "1 + 1", "ww", 0},
    {"up inside its page", "A", BRK(AT(1) - 1), "0 + 4095", "A", 1},
    {"up to the end of its page", "A", BRK(AT(1)), "1 + 0", "A", 1},
    {"up over the end of its page", "A", BRK(AT(1) + 1), "1 + 1", "Aw", 1},
    {"down inside its page", "AB", BRK(AT(1) + 1), "1 + 1", "AB", P + 5},
    {"down to a page", "ABC", BRK(AT(1)), "1 + 0", "A", 3 * P},
    {"down to a page and a byte", "ABC", BRK(AT(1) + 1), "1 + 1", "AB", 3 * P},
    {"down to the start", "ABC", BRK(AT(0)), "0 + 0", "", 2 * P + 1},
    {"down and up", "ABC", BRK_TWICE(P, 3 * P), "3 + 0", "Aww", 3 * P},
    {"down and up inside a page", "AB", BRK_TWICE(P + 1, P + 100), "1 + 100", "AB", P + 5},
    {"down to nothing and up", "A", BRK_TWICE(0, 1), "0 + 1", "w", P},
    {"to a page before a mapping", "A....r", BRK(AT(4)), "4 + 0", "Awww.r", P},
    {"closer than a page to a mapping", "A....r", BRK(AT(4) + 1), "1 + 0", NULL, P},
    {"to a mapping", "A....r", BRK(AT(5)), "1 + 0", NULL, P},
    {"into a mapping", "A....r", BRK(AT(5) + 1), "1 + 0", NULL, P},
    {"over a mapping", "A....r", BRK(AT(8)), "1 + 0", NULL, P},
    {"into what has no rights", "A....-", BRK(AT(5) + 1), "1 + 0", NULL, P},
    {"with a mapping right behind it", "Ar", BRK(AT(1) + 1), "1 + 0", NULL, P},
    {"inside its page, a mapping behind", "Ar", BRK(AT(1)), "1 + 0", NULL, 7},
    {"down from a mapping", "ABr", BRK(AT(1)), "1 + 0", "A.r", 2 * P},
    {"down and back to a mapping", "ABr", BRK_TWICE(P, 2 * P), "1 + 0", "A.r", 2 * P},
    {"up, a mapping inside", "ArC", BRK(AT(4)), "4 + 0", "ArCw", 3 * P},
    {"down over a mapping inside", "ArC", BRK(AT(1)), "1 + 0", "A", 3 * P},
    {"up, a hole inside", "A.C", BRK(AT(4)), "4 + 0", "A.Cw", 3 * P},
    {"down over a hole inside", "A.C", BRK(AT(1)), "1 + 0", "A", 3 * P},
    {"down into a hole inside", "A..D", BRK(AT(2)), "2 + 0", "A", 4 * P},
    {"down over nothing but a hole", "AB..", BRK(AT(2)), "4 + 0", NULL, 4 * P},
    {"down into a page of a hole", "AB..", BRK(AT(2) + 1), "4 + 0", NULL, 4 * P},
    {"down inside a page that is a hole", "A.", BRK(AT(1) + 1), "1 + 1", NULL, P + 5},
    {"down over a hole and a page", "AB..", BRK(AT(1)), "1 + 0", "A", 4 * P},
    {"down over nothing but a mapping", "A.r", BRK(AT(2)), "2 + 0", "A", 3 * P},
    {"up, a hole at its end", "A..", BRK(AT(4)), "4 + 0", "A..w", 3 * P},
    {"a byte before the end of user space", "A", BRK(END(-1)), "1 + 0", NULL, P},
    {"the end of user space", "A", BRK(END(0)), "1 + 0", NULL, P},
    {"behind the end of user space", "A", BRK(END(P)), "1 + 0", NULL, P},
};

/* Where ucow differs from Linux, and why: the row with Linux's result, then ucow's. */
static const struct {
    struct edge edge;
    const char *ucow_result, *ucow_after, *why;
} differences[] = {
    {{"mmap with a flag that ucow lacks", "", MMAP(AT(0), P, RW, FIXED | LINUX_NORESERVE), "page 0", "w", 0},
     "EINVAL",
     NULL,
     "of flags that are not in its list ucow cannot know whether they are hints or promises"},
    {{"mmap that is not anonymous", "", MMAP(AT(0), P, RW, MAP_PRIVATE | MAP_FIXED), "error 1", NULL, 0},
     "EINVAL",
     NULL,
     "mmap takes no file, so what Linux calls a bad descriptor is a bad flag here"},
};

static uintptr_t window, heap;
static int wrong;

static char *page_at(int number)
{
    return (char *)window + number * (intptr_t)P;
}

/* ---- windows as strings ---- */

static unsigned rights_of(char letter)
{
    switch (letter) {
    case '-':
        return PROT_NONE;
    case 'r':
        return PROT_READ;
    default:
        return RW;
    }
}

/* Map page `number` as `letter` says. Pages of the heap are mapped already. */
static void make_page(int number, char letter, bool is_heap)
{
    uintptr_t at = (uintptr_t)page_at(number);
    if (letter == '.' && is_heap)
        call_munmap(at, P);
    else if (letter != '.' && (!is_heap || rights_of(letter) != RW))
        call_mmap(at, P, rights_of(letter), FIXED);
    if (letter >= 'A' && letter <= 'Z')
        *page_at(number) = letter;
}

/* Whether nothing is mapped at `at`: an mmap with this hint then returns it. */
static bool is_free(uintptr_t at)
{
    uintptr_t got = (uintptr_t)call_mmap(at, P, PROT_NONE, PRIVATE);
    call_munmap(got, P);
    return got == at;
}

static char look_at_page(int number)
{
    const char *page = page_at(number);
    if (!can_read((uintptr_t)page))
        return is_free((uintptr_t)page) ? '.' : '-';
    bool writable = can_write((uintptr_t)page);
    for (size_t i = 1; i < P; i++)
        if (page[i] != 0)
            return '!';
    if (*page == 0)
        return writable ? 'w' : 'r';
    return writable ? *page : '!';
}

/* Describe the current window, without the unmapped pages at its end. */
static void look(char picture[WINDOW_PAGES + 1])
{
    int length = 0;
    for (int i = 0; i < WINDOW_PAGES; i++) {
        picture[i] = look_at_page(i);
        if (picture[i] != '.')
            length = i + 1;
    }
    picture[length] = '\0';
}

/* ---- one row ---- */

/* Format the result of mmap: "page 3", "elsewhere", or the error. */
static void say_address(char *to, size_t size, intptr_t result)
{
    uintptr_t offset = (uintptr_t)result - window;
    if (result == -E_INVAL || result == -E_NO_MEM)
        snprintf(to, size, "%s", result == -E_INVAL ? "EINVAL" : "ENOMEM");
    else if (result < 0 && result > -E_LAST)
        snprintf(to, size, "error %d", (int)-result);
    else if (offset < WINDOW_PAGES * P && offset % P == 0)
        snprintf(to, size, "page %d", (int)(offset / P));
    else
        snprintf(to, size, "%s",
                 (uintptr_t)result % P == 0 && (uintptr_t)result < USER_END ? "elsewhere" : "?");
}

static void say_break(char *to, size_t size, uintptr_t brk)
{
    uintptr_t offset = brk - heap;
    snprintf(to, size, "%d + %d", (int)(offset / P), (int)(offset % P));
}

static void do_call(const struct call *call, char *result, size_t size)
{
    const uintptr_t origins[] = {[IN_WINDOW] = window, [FROM_END] = USER_END, [ABSOLUTE] = 0};
    uintptr_t at = origins[call->from] + (uintptr_t)call->at;
    intptr_t got;
    switch (call->what) {
    case DO_MMAP:
        got = call_mmap(at, (size_t)call->length, call->prot, call->flags);
        say_address(result, size, got);
        if (strcmp(result, "elsewhere") == 0)
            call_munmap((uintptr_t)got, (size_t)call->length);
        break;
    case DO_MUNMAP:
        got = call_munmap(at, (size_t)call->length);
        if (got == 0)
            snprintf(result, size, "0");
        else
            say_address(result, size, got);
        break;
    case DO_BRK_TWICE:
        call_brk(at);
        at = heap + (uintptr_t)call->length;
        /* fall through */
    case DO_BRK:
        say_break(result, size, (uintptr_t)call_brk(at));
        break;
    }
}

/* Try one row and compare the result and the window. Unmaps everything afterwards. */
static void try_row(const char *call, const struct edge *edge, const char *wanted, const char *after)
{
    char result[32], picture[WINDOW_PAGES + 1];
    int heap_pages = (int)((edge->heap + (intptr_t)P - 1) / (intptr_t)P);
    if (edge->heap != 0)
        call_brk(heap + (uintptr_t)edge->heap);
    for (int i = 0; edge->given[i] != '\0'; i++)
        make_page(i, edge->given[i], i < heap_pages);
    do_call(&edge->call, result, sizeof(result));
    look(picture);
    printf("memedges: %s, %s: %s, [%s] becomes [%s]\n", call, edge->what, result, edge->given, picture);

    size_t length = strlen(after);
    while (length > 0 && after[length - 1] == '.')
        length--;
    if (strcmp(result, wanted) != 0 || strlen(picture) != length || strncmp(picture, after, length) != 0) {
        printf("memedges: WRONG: should be %s and [%s]\n", wanted, after);
        wrong++;
    }
    call_brk(heap);
    call_munmap(window, WINDOW_PAGES * P);
}

static void try_rows(const char *call, const struct edge *edges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        try_row(call, &edges[i], edges[i].result, edges[i].after != NULL ? edges[i].after : edges[i].given);
}

static void try_differences(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
        const struct edge *edge = &differences[i].edge;
        const char *after = IS_UCOW ? differences[i].ucow_after : edge->after;
        printf("memedges: a difference: %s\n", differences[i].why);
        try_row("differs", edge, IS_UCOW ? differences[i].ucow_result : edge->result,
                after != NULL ? after : edge->given);
    }
}

/* Find a window of free pages that has free pages on both sides. */
static uintptr_t free_window(void)
{
    uintptr_t room = (uintptr_t)call_mmap(0, 3 * WINDOW_PAGES * P, PROT_NONE, PRIVATE);
    call_munmap(room, 3 * WINDOW_PAGES * P);
    return room + WINDOW_PAGES * P;
}

int main(void)
{
    memcalls_start();
    heap = (uintptr_t)call_brk(0);
    window = free_window();
    try_rows("munmap", munmap_edges, ARRAY_SIZE(munmap_edges));
    try_rows("fixed mmap", fixed_edges, ARRAY_SIZE(fixed_edges));
    try_rows("mmap", hint_edges, ARRAY_SIZE(hint_edges));
    try_differences();
    window = heap;
    try_rows("brk", brk_edges, ARRAY_SIZE(brk_edges));
    if (wrong == 0)
        printf("memedges pass.\n");
    return wrong;
}
