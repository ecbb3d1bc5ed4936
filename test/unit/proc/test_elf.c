/* SPDX-License-Identifier: MIT */
/*
 * elf.c and image.c: every field of a file is validated, and memory contains the bytes of the segments or
 * zeros.
 *
 * Each file under test is copied to a heap block of exactly its size, so the sanitizer reports reads
 * beyond it.
 */
#include <stdlib.h>

#include <ucow/elf.h>
#include <ucow/errno.h>

#include "host_mm.h"
#include "mm/image.h"
#include "proc/elf.h"

#define PROGRAM_TOP (USERTOP - (USER_STACK_PAGES + 1) * PAGE_SIZE)
#define SEGMENTS 3

/* A valid file: text, data followed by .bss, and a segment that is only .bss. */
struct file {
    struct elf_header header;
    struct elf_program_header ph[SEGMENTS];
    uint8_t bytes[0x2400 - 52 - SEGMENTS * 32];
};

#define TEXT 0x00800000u
#define DATA 0x00803F00u /* in no page of the text's; ends in the next page */
#define BSS 0x00900123u

static const struct file good = {
    .header = {.magic = ELF_MAGIC,
               .class = ELF_CLASS_32,
               .data = ELF_DATA_LITTLE,
               .ident_version = ELF_VERSION,
               .type = ELF_TYPE_EXEC,
               .machine = ELF_MACHINE_386,
               .version = ELF_VERSION,
               .entry = TEXT + 0x20,
               .phoff = offsetof(struct file, ph),
               .ehsize = sizeof(struct elf_header),
               .phentsize = sizeof(struct elf_program_header),
               .phnum = SEGMENTS},
    .ph = {{ELF_PT_LOAD, 0x1000, TEXT, TEXT, 0x1000, 0x1000, ELF_PF_R | ELF_PF_X, 0x1000},
           {ELF_PT_LOAD, 0x1F00, DATA, DATA, 0x400, 0x2000, ELF_PF_R | ELF_PF_W, 0x1000},
           {ELF_PT_LOAD, 0, BSS, BSS, 0, 0x1800, ELF_PF_R | ELF_PF_W, 0}},
};

static struct file file;

static void start(void)
{
    host_mm_start();
    file = good;
    for (size_t i = 0; i < sizeof(file.bytes); i++)
        file.bytes[i] = (uint8_t)(1 + i % 255);
}

static struct image parsed;

/* Parse a copy of the first `size` bytes of the file. Returns the result of elf_parse(). */
static int parse_cut(size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    int error;

    memcpy(copy, &file, size);
    error = elf_parse(copy, size, &parsed);
    free(copy);
    return error;
}

static int parse(void)
{
    return parse_cut(sizeof(file));
}

TEST(a_good_file_is_taken_as_it_says)
{
    start();
    CHECK_EQ(parse(), 0);
    CHECK_EQ(parsed.entry, TEXT + 0x20);
    CHECK_EQ(parsed.segments_n, 3);
    CHECK_EQ(parsed.segments[0].va, TEXT);
    CHECK_EQ(parsed.segments[0].flags, VM_READ | VM_EXEC);
    CHECK_EQ(parsed.segments[1].file_offset, 0x1F00);
    CHECK_EQ(parsed.segments[1].file_bytes, 0x400);
    CHECK_EQ(parsed.segments[1].memory_bytes, 0x2000);
    CHECK_EQ(parsed.segments[2].va, BSS); /* D39 */
    CHECK_EQ(parsed.segments[2].memory_bytes, 0x1800);
    CHECK_EQ(parsed.segments[2].flags, VM_READ | VM_WRITE);
}

/* A field of the file, a value for it, and whether the result is still a valid program. */
struct edge {
    size_t offset;
    size_t bytes;
    uint32_t value;
    bool good;
};

#define HEADER(field) offsetof(struct file, header.field), sizeof(((struct file *)0)->header.field)
#define PH(n, field) offsetof(struct file, ph[n].field), sizeof(((struct file *)0)->ph[n].field)

static void check_edges(const struct edge *edges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int error;

        start();
        memcpy((uint8_t *)&file + edges[i].offset, &edges[i].value, edges[i].bytes);
        error = parse();
        if ((error == 0) != edges[i].good)
            fprintf(stderr, "# edge %zu: value 0x%x at offset %zu\n", i, (unsigned)edges[i].value,
                    edges[i].offset);
        CHECK_EQ(error, edges[i].good ? 0 : -E_INVAL_ELF);
    }
}

/* D41 */
TEST(what_kind_of_file_it_is)
{
    static const struct edge edges[] = {
        {HEADER(magic), 0x464C457E, false}, {HEADER(magic), 0x7F454C46, false}, /* wrong byte order */
        {HEADER(class), 2, false},                                              /* 64 bits */
        {HEADER(class), 0, false},          {HEADER(data), 2, false},           /* big-endian */
        {HEADER(ident_version), 0, false},  {HEADER(version), 2, false},
        {HEADER(type), 1, false}, /* relocatable */
        {HEADER(type), 3, false}, /* position-independent */
        {HEADER(type), 4, false}, /* core */
        {HEADER(machine), 62, false},       {HEADER(machine), 0, false},
        {HEADER(flags), 0xFFFFFFFF, true},                                       /* unused on the i386 */
        {HEADER(shoff), 0xFFFFFFFF, true},                                       /* sections are ignored */
        {HEADER(shnum), 0xFFFF, true},      {PH(2, type), ELF_PT_INTERP, false}, /* needs a dynamic linker */
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

/* D40 */
TEST(where_the_program_headers_are)
{
    static const struct edge edges[] = {
        {HEADER(phoff), sizeof(struct file), false},
        {HEADER(phoff), sizeof(struct file) - 3 * 32 + 1, false}, /* one byte too few */
        {HEADER(phoff), sizeof(struct file) + 1, false},
        {HEADER(phoff), 0xFFFFFFFF, false},
        {HEADER(phoff), 0xFFFFFFE0, false}, /* wraps to 0 after one entry */
        {HEADER(phnum), 0, false},
        {HEADER(phnum), 0xFFFF, false},
        {HEADER(phentsize), 31, false},
        {HEADER(phentsize), 33, false},
        {HEADER(phentsize), 0, false},
        {HEADER(ehsize), 51, false},
        {HEADER(ehsize), 64, true}, /* later versions may extend the header */
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

/* A program for Linux is told where its program headers are in memory: where a segment has all of them. */
TEST(the_headers_are_in_memory_if_a_segment_has_them_all)
{
    const uint32_t at = offsetof(struct file, ph), bytes = sizeof(file.ph);
    const struct {
        uint32_t offset, filesz;
        uintptr_t va;
    } cases[] = {
        {0, at + bytes, TEXT + at},    {0, at + bytes - 1, 0}, {at, bytes, TEXT},
        {at - 4, bytes + 4, TEXT + 4}, {at - 4, bytes + 3, 0}, {at + 1, bytes, 0},
        {0, 0x1000, TEXT + at},        {at - 20, bytes, 0},    {0, bytes, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start();
        file.ph[0].offset = cases[i].offset;
        file.ph[0].filesz = cases[i].filesz;
        file.ph[0].align = 0;
        CHECK_EQ(parse(), 0);
        CHECK_EQ(parsed.headers_va, cases[i].va);
        CHECK_EQ(parsed.headers_n, SEGMENTS);
    }
}

/* D40: the bytes of the file that a segment uses. */
TEST(where_the_bytes_of_a_segment_are)
{
    static const struct edge edges[] = {
        {PH(1, offset), 0x2F00, false},     /* beyond the end */
        {PH(1, offset), 0xFFFFFF00, false}, /* offset + filesz wraps */
        {PH(1, filesz), 0x500, true},       /* exactly to the end */
        {PH(1, filesz), 0x501, false},      {PH(1, filesz), 0xFFFFFFFF, false},
        {PH(1, filesz), 0, true},           {PH(1, memsz), 0x400, true},
        {PH(1, memsz), 0x3FF, false},                                      /* less than filesz */
        {PH(1, memsz), 0, false},           {PH(2, offset), 0x2400, true}, /* no bytes, at the end */
        {PH(2, offset), 0x2401, false},     {PH(2, memsz), 0, true},       /* an empty segment */
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

/* D41: the addresses of a segment. */
TEST(where_a_segment_goes)
{
    static const struct edge edges[] = {
        {PH(2, va), USERBASE, true},
        {PH(2, va), USERBASE - 1, false},
        {PH(2, va), 0, false},
        {PH(2, va), PROGRAM_TOP - 0x1800, true},
        {PH(2, va), PROGRAM_TOP - 0x17FF, false},
        {PH(2, va), PROGRAM_TOP, false},
        {PH(2, va), USERTOP - 0x1800, false}, /* overlaps the stack */
        {PH(2, va), KERNBASE, false},
        {PH(2, va), 0xFFFFF000, false}, /* va + memsz wraps */
        {PH(2, memsz), PROGRAM_TOP - BSS, true},
        {PH(2, memsz), PROGRAM_TOP - BSS + 1, false},
        {PH(2, memsz), 0xFFFFFFFF, false},
        {PH(1, align), 0x100, true},
        {PH(1, align), 0, true},
        {PH(1, align), 1, true},
        {PH(1, align), 0x802000, false}, /* not a power of two */
        {PH(1, align), 0x10000, false},  /* offset and address are not congruent */
        {PH(1, offset), 0x1F04, false},
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

TEST(a_program_begins_where_it_may_execute)
{
    static const struct edge edges[] = {
        {HEADER(entry), TEXT, true},
        {HEADER(entry), TEXT + 0xFFF, true},
        {HEADER(entry), TEXT + 0x1000, false},
        {HEADER(entry), TEXT - 1, false},
        {HEADER(entry), DATA, false}, /* not executable */
        {HEADER(entry), 0, false},
        {HEADER(entry), 0xC0100000, false},
        {HEADER(entry), 0xFFFFFFFF, false},
        {PH(0, flags), ELF_PF_R, false},
        {PH(0, type), 0, false}, /* no text segment is left */
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

/* D42 */
TEST(overlapping_segments_are_refused)
{
    static const struct edge edges[] = {
        {PH(2, va), TEXT, false},              /* same start */
        {PH(2, va), TEXT + 0xFFF, false},      /* its last byte */
        {PH(2, va), TEXT + 0x1000, true},      /* directly after it */
        {PH(2, va), TEXT - 0x17FF, false},     /* its first byte */
        {PH(2, va), TEXT - 0x1800, true},      /* directly before it */
        {PH(2, va), DATA + 0x1FFF, false},     /* the last byte of .bss */
        {PH(2, va), DATA + 0x2000, true},      /* directly after it */
        {PH(2, memsz), 0x40000000, true},      /* large, but overlaps nothing */
        {PH(1, memsz), BSS - DATA, true},      /* ends at the next segment */
        {PH(1, memsz), BSS - DATA + 1, false}, /* overlaps it by one byte */
        {PH(1, memsz), 0x10000000, false},     /* covers it */
    };

    check_edges(edges, ARRAY_SIZE(edges));
}

/* D42: segments may be in any order; the image is sorted. */
TEST(unordered_segments_are_accepted)
{
    static const int orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        start();
        for (int k = 0; k < 3; k++)
            file.ph[k] = good.ph[orders[i][k]];
        CHECK_EQ(parse(), 0);
        CHECK(parsed.segments[0].va == TEXT && parsed.segments[1].va == DATA && parsed.segments[2].va == BSS);
    }
}

TEST(there_may_be_sixteen_segments)
{
    struct {
        struct elf_header header;
        struct elf_program_header ph[IMAGE_MAX_SEGMENTS + 1];
    } many = {.header = good.header};

    host_mm_start();
    for (size_t i = 0; i < ARRAY_SIZE(many.ph); i++)
        many.ph[i] = (struct elf_program_header){ELF_PT_LOAD, 0,         TEXT + i * PAGE_SIZE, 0,
                                                 0,           PAGE_SIZE, ELF_PF_R | ELF_PF_X,  0};
    many.header.phnum = IMAGE_MAX_SEGMENTS;
    CHECK_EQ(elf_parse(&many, sizeof(many), &parsed), 0);
    CHECK_EQ(parsed.segments_n, IMAGE_MAX_SEGMENTS);
    many.header.phnum++;
    CHECK_EQ(elf_parse(&many, sizeof(many), &parsed), -E_INVAL_ELF);
}

/* D40: the valid file, cut off anywhere. Its last bytes belong to no segment. */
TEST(truncated_files_are_refused)
{
    start();
    for (size_t size = 0; size < sizeof(file); size++)
        CHECK_EQ(parse_cut(size), size < 0x2300 ? -E_INVAL_ELF : 0);
}

/* Parse the file into an image and map it in a new address space. */
static struct mm *load(void)
{
    struct image *image = image_new((const uint8_t *)&file);
    struct mm *mm = host_mm_new();

    CHECK(image != NULL);
    CHECK_EQ(elf_parse(&file, sizeof(file), image), 0);
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
    return mm;
}

static void unload(struct mm *mm)
{
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* Returns the byte that a program must read at `va`, according to the segments of the file. */
static uint8_t expected_byte(uint32_t va)
{
    for (int i = 0; i < SEGMENTS; i++) {
        if (va - file.ph[i].va < file.ph[i].filesz)
            return ((const uint8_t *)&file)[file.ph[i].offset + (va - file.ph[i].va)];
    }
    return 0;
}

static void check_page(struct mm *mm, uint32_t va)
{
    enum mm_outcome outcome;
    const uint8_t *bytes = host_byte(mm, va, false, &outcome);

    CHECK(bytes != NULL);
    for (uint32_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], expected_byte(va + i));
}

/* Fill free frames with a pattern, so that bytes that were not initialized are detected. */
static void soil_memory(void)
{
    host_leave_frames(0);
    for (size_t i = 0; i < hogged_n; i++)
        memset(page_to_virt(hogged[i]), 0xEE, PAGE_SIZE);
    host_give_frames();
}

/* D15, D16: bytes before and after the segments are zero, in shared and in private pages. */
TEST(memory_holds_the_segments_and_zeros)
{
    struct mm *mm;

    start();
    soil_memory();
    file.ph[0].va += 0x100; /* so that no segment starts at a page boundary */
    file.ph[0].offset += 0x100;
    file.ph[0].filesz = file.ph[0].memsz = 0xE00;
    file.header.entry += 0x100;
    mm = load();
    CHECK_EQ(mm->vmas.n, 3);
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma)) {
        for (uintptr_t va = vma->start; va < vma->end; va += PAGE_SIZE)
            check_page(mm, (uint32_t)va);
    }
    unload(mm);
}

/* D39 */
/* The regions are the segments, in whole pages, with their rights. */
TEST(each_segment_is_a_region)
{
    static const struct vma wanted[SEGMENTS] = {
        {.start = TEXT, .end = TEXT + 0x1000, .flags = VM_READ | VM_EXEC},
        {.start = 0x00803000, .end = 0x00806000, .flags = VM_READ | VM_WRITE},
        {.start = 0x00900000, .end = 0x00902000, .flags = VM_READ | VM_WRITE}};

    start();
    struct mm *mm = load();
    struct vma *vma = vma_first(&mm->vmas);
    for (int i = 0; i < SEGMENTS; i++, vma = vma_next(vma)) {
        CHECK_EQ(vma->start, wanted[i].start);
        CHECK_EQ(vma->end, wanted[i].end);
        CHECK_EQ(vma->flags, wanted[i].flags);
    }
    unload(mm);
}

TEST(a_segment_of_zeros_is_mapped)
{
    struct mm *mm;

    start();
    soil_memory();
    mm = load();
    CHECK_EQ(host_read(mm, BSS), 0);
    host_write(mm, BSS & ~0xFFFu, 0x11);
    host_write(mm, (BSS + 0x1800) & ~0xFFFu, 0x22); /* the page of its last byte */
    CHECK_EQ(host_failure(mm, (BSS & ~0xFFFu) + 2 * PAGE_SIZE, false), MM_SEGV);
    CHECK_EQ(mm->brk, (BSS & ~0xFFFu) + 2 * PAGE_SIZE); /* the heap starts there */
    unload(mm);
}

bool host_clears_nothing;

TEST(zeros_that_are_not_written_are_reported)
{
    start();
    soil_memory();
    struct mm *mm = load();
    host_read(mm, BSS); /* so that there is a page table */
    CHECK(PANICS("bss at 0x00901000 of pid ", {
        host_clears_nothing = true;
        host_read(mm, 0x00901000);
    }));
    unload(mm);
}

TEST(text_is_shared_and_data_private)
{
    struct image *image;
    struct mm *a, *b;

    start();
    image = image_new((const uint8_t *)&file);
    CHECK_EQ(elf_parse(&file, sizeof(file), image), 0);
    CHECK_EQ(image_map(image, a = host_mm_new()), 0);
    CHECK_EQ(image_map(image, b = host_mm_new()), 0);
    image_drop(image);
    CHECK_EQ(host_read(a, TEXT), host_read(b, TEXT));
    CHECK_EQ(host_frame(a, TEXT), host_frame(b, TEXT));
    CHECK_EQ(host_failure(a, TEXT, true), MM_SEGV);
    host_write(a, DATA & ~0xFFFu, 0x33);
    check_page(b, DATA & ~0xFFFu);
    host_mm_drop(a);
    unload(b);
}

/* A page that two segments share has the bytes and the rights of both; the rights of its neighbours do not
 * change. */
TEST(two_segments_in_one_page)
{
    struct mm *mm;
    struct vma *vma;

    start();
    soil_memory();
    file.ph[0] = (struct elf_program_header){ELF_PT_LOAD, 0x200, TEXT, 0, 0x1400, 0x1400, ELF_PF_X, 0};
    file.ph[1] = (struct elf_program_header){ELF_PT_LOAD, 0x1700, TEXT + 0x1500,       0,
                                             0x600,       0x1000, ELF_PF_R | ELF_PF_W, 0};
    mm = load();
    vma = vma_first(&mm->vmas);
    CHECK(vma->start == TEXT && vma->end == TEXT + PAGE_SIZE && vma->flags == VM_EXEC);
    vma = vma_next(vma);
    CHECK(vma->start == TEXT + PAGE_SIZE && vma->end == TEXT + 2 * PAGE_SIZE);
    CHECK_EQ(vma->flags, VM_EXEC | VM_READ | VM_WRITE);
    vma = vma_next(vma);
    CHECK(vma->start == TEXT + 2 * PAGE_SIZE && vma->flags == (VM_READ | VM_WRITE));
    for (uint32_t va = TEXT; va < TEXT + 3 * PAGE_SIZE; va += PAGE_SIZE)
        check_page(mm, va);
    host_write(mm, TEXT + PAGE_SIZE, 0x44);
    unload(mm);
}

TEST(three_segments_in_one_page)
{
    struct mm *mm;

    start();
    soil_memory();
    for (uint32_t i = 0; i < SEGMENTS; i++)
        file.ph[i] = (struct elf_program_header){
            ELF_PT_LOAD, 0x1000 + i * 0x100, TEXT + i * 0x300, 0, 0x80, 0x100, BIT(i), 0};
    mm = load();
    CHECK_EQ(mm->vmas.n, 1);
    CHECK_EQ(vma_first(&mm->vmas)->flags, VM_READ | VM_WRITE | VM_EXEC);
    check_page(mm, TEXT);
    unload(mm);
}

/* D06: memory runs out at each point of mapping and accessing a program. */
TEST(a_program_without_memory_leaves_nothing_behind)
{
    static const uint32_t pages[] = {TEXT, DATA & ~0xFFFu, BSS & ~0xFFFu};
    bool loaded = false;

    start();
    for (size_t frames = 0; !loaded; frames++) {
        struct image *image;
        struct mm *mm = NULL;
        enum mm_outcome outcome;

        host_leave_frames(frames);
        image = image_new((const uint8_t *)&file);
        loaded = image != NULL && (mm = mm_new(NULL)) != NULL && elf_parse(&file, sizeof(file), image) == 0 &&
                 image_map(image, host_locked(mm)) == 0;
        for (size_t i = 0; loaded && i < ARRAY_SIZE(pages); i++)
            loaded = host_byte(mm, pages[i], false, &outcome) != NULL;
        if (mm != NULL)
            host_mm_drop(mm);
        if (image != NULL)
            image_drop(image);
        host_shrink();
        CHECK_EQ(page_free_count(), frames);
        host_give_frames();
    }
    host_mm_check_all_back();
}

/* Check the guarantees of image.h for an accepted file, and read every byte of the file that it refers to. */
static void check_accepted(struct image *image, size_t size)
{
    static uint8_t page[PAGE_SIZE];
    uintptr_t end = USERBASE;
    bool entry = false;

    CHECK(image->segments_n <= IMAGE_MAX_SEGMENTS);
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];

        CHECK(s->va >= end && s->va <= PROGRAM_TOP && s->memory_bytes <= PROGRAM_TOP - s->va);
        CHECK(s->file_bytes <= s->memory_bytes);
        CHECK(s->file_offset <= size && s->file_bytes <= size - s->file_offset);
        CHECK((s->flags & ~(VM_READ | VM_WRITE | VM_EXEC)) == 0);
        end = s->va + s->memory_bytes;
        entry |= (s->flags & VM_EXEC) && image->entry - s->va < s->memory_bytes;
        for (uintptr_t va = s->va & ~0xFFFul; va < s->va + s->file_bytes; va += PAGE_SIZE)
            image->object.ops->fill(&image->object, va / PAGE_SIZE, page);
    }
    CHECK(entry);
}

static void mutate(void)
{
    static const uint32_t values[] = {0,          1,          0x20,     0x1000,  0x7FFFFFFF,  0x80000000,
                                      0xFFFFFFFF, 0xFFFFF000, USERBASE, USERTOP, PROGRAM_TOP, TEXT};
    const size_t interesting = offsetof(struct file, bytes);

    for (unsigned n = 1 + unit_below(3); n != 0; n--) {
        uint8_t *at = (uint8_t *)&file + unit_below(interesting - 3);
        uint32_t value = values[unit_below(ARRAY_SIZE(values))];

        switch (unit_below(4)) {
        case 0:
            *at = (uint8_t)unit_random();
            break;
        case 1:
            *at ^= (uint8_t)BIT(unit_below(8));
            break;
        case 2: /* a field of a program header */
            at = (uint8_t *)file.ph + 4 * unit_below(sizeof(file.ph) / 4);
            memcpy(at, &value, sizeof(value));
            break;
        default:
            value += unit_below(5) - 2;
            memcpy(at, &value, sizeof(value));
        }
    }
}

/* D40, D41, D42 */
TEST(random_mutations_are_refused_or_harmless)
{
    struct image *image;
    size_t accepted = 0, rounds = 50000;

    start();
    image = image_new(NULL);
    for (size_t i = 0; i < rounds; i++) {
        size_t size = unit_below(8) == 0 ? unit_below(sizeof(file) + 1) : sizeof(file);
        uint8_t *copy = malloc(size + (size == 0));
        int error;

        memcpy(&file, &good, offsetof(struct file, bytes));
        mutate();
        memcpy(copy, &file, size);
        image->data = copy;
        error = elf_parse(copy, size, image);
        CHECK(error == 0 || error == -E_INVAL_ELF);
        if (error == 0) {
            check_accepted(image, size);
            accepted++;
        }
        free(copy);
    }
    CHECK(accepted > rounds / 100 && accepted < rounds - rounds / 100); /* both were common */
    image_drop(image);
    host_mm_check_all_back();
}
