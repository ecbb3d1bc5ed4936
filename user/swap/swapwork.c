/* SPDX-License-Identifier: MIT */
/*
 * swapwork - `swapwork PAGES CHILDREN VISITS`: children share more pages than fit into memory, read and write
 * random ones, and check the values.
 *
 * The value of a word identifies its writer: child c writes mix(p, c, g, i) to word i of page p in its g-th
 * write. The parent counts as child 0. A visit checks, and may rewrite, one word in 64.
 */
#include "check.h"

enum { WORDS = PAGE_SIZE / 4, STRIDE = 64, WORDS_A_VISIT = WORDS / STRIDE, HOT_PAGES = 16 };

static unsigned mix(unsigned page, unsigned child, unsigned write, unsigned word)
{
    unsigned x = page * 2654435761u + child * 40503u + write * 97u + word;
    x ^= x >> 15;
    return x * 2246822519u + 1;
}

static void fill(unsigned *words, unsigned page, unsigned child, unsigned write, unsigned stride)
{
    for (unsigned i = 0; i < WORDS; i += stride)
        words[i] = mix(page, child, write, i);
}

static unsigned wrong_words(const unsigned *words, unsigned page, unsigned child, unsigned write)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < WORDS; i += STRIDE)
        wrong += words[i] != mix(page, child, write, i);
    return wrong;
}

/* Half of the visits go to a few pages, the others to any page; one visit in four writes. */
static int visit_pages(unsigned *memory, unsigned pages, unsigned child, unsigned visits)
{
    unsigned char *written = map_pages(pages, MAP_PRIVATE);
    unsigned seed = child * 7919u, wrong = 0;
    for (unsigned i = 0; i < visits; i++) {
        seed = seed * 1103515245u + 12345u;
        unsigned range = seed >> 31 ? pages : HOT_PAGES, page = (child * 31 + (seed >> 8)) % range;
        unsigned *words = memory + (size_t)page * WORDS;
        wrong += wrong_words(words, page, written[page] ? child : 0, written[page]);
        if ((seed >> 5) % 4 == 0 && written[page] < 255)
            fill(words, page, child, ++written[page], STRIDE);
    }
    for (unsigned i = 1; i < WORDS; i++) /* also the words that visits do not write */
        if (i % STRIDE != 0)
            wrong += memory[i] != mix(0, 0, 0, i);
    return (int)wrong;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        usage("swapwork PAGES CHILDREN VISITS");
    unsigned pages = number_of(argv[1]), children = number_of(argv[2]), visits = number_of(argv[3]);
    unsigned *memory = map_pages(pages * PAGE_SIZE, MAP_PRIVATE);
    for (unsigned page = 0; page < pages; page++)
        fill(memory + (size_t)page * WORDS, page, 0, 0, 1);
    for (unsigned child = 1; child <= children; child++) {
        int pid = fork();
        if (pid == 0)
            exit(visit_pages(memory, pages, child, visits));
        if (pid < 0)
            panic("fork of child %u: %s", child, error_text(pid));
    }
    int code, right = 0;
    while (waitpid(0, &code) == 0)
        right += code == 0;
    CHECK(right, (int)children, "children that found every word right");
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    printf("swapwork: %u accesses, %u pages in, %u pages out\n", children * visits * WORDS_A_VISIT,
           info.swap_in, info.swap_out);
    return pass();
}
