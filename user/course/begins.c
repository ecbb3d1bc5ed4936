/* SPDX-License-Identifier: MIT */
/*
 * begins - what a program finds when it begins: words, stack, data. For the course: `begins MODE NUMBER`
 * prints results that depend on the number.
 */
#include "numbers.h"

enum { WORDS_MAX = 8, TABLE = 3000, FPU_OLD = 0xe7f, HOG_PAGES = 8192 };

static unsigned table[TABLE] = {[0] = 17, [TABLE / 2] = 23, [TABLE - 1] = 42};
static unsigned zeros[TABLE];

static void words(unsigned seed)
{
    printf("begins: three words, the last is %u\n", seed);
}

/* Data and bss of a new program. */
static void data(unsigned seed)
{
    unsigned sum = 0, not_zero = 0;
    for (unsigned i = 0; i < TABLE; i++) {
        sum += table[i] * (i + 1);
        not_zero += zeros[i] != 0;
    }
    printf("begins: data %u, bss with %u words that are not 0, number %u\n", sum, not_zero,
           next_number(&seed));
}

/* Executes itself with words that depend on the number; see main(). */
static void args(unsigned seed)
{
    static char text[WORDS_MAX][16];
    const char *argv[WORDS_MAX + 2] = {"begins", "list"};
    int n = 1 + (int)(seed % WORDS_MAX);
    for (int i = 0; i < n; i++) {
        snprintf(text[i], sizeof(text[i]), "w%0*u", (int)(next_number(&seed) % 12), next_number(&seed));
        argv[2 + i] = text[i];
    }
    table[0] = 1; /* the new program must not see it, and this neither: */
    set_fpu_control(FPU_OLD);
    printf("begins: exec fails: %d\n", exec("begins", n + 2, argv));
}

static int list(int argc, char **argv)
{
    uintptr_t stack = (uintptr_t)&argv[-1];
    for (int i = 2; i < argc; i++)
        printf("begins: word %d of %d is %s\n", i, argc, argv[i]);
    printf("begins: argv ends with %s, the stack is %s, data is %s, the FPU is %s\n",
           argv[argc] == NULL ? "NULL" : "something",
           stack < USERTOP && stack > USERTOP - PAGE_SIZE ? "at the top" : "elsewhere",
           table[0] == 17 ? "new" : "old", fpu_control() == FPU_OLD ? "old" : "new");
    return 0;
}

/* A program that is not there: the caller goes on with what it had. */
static void missing(unsigned seed)
{
    const char *const argv[] = {"nosuchprogram"};
    zeros[7] = seed;
    int error = exec("nosuchprogram", 1, argv);
    printf("begins: exec of nothing is %d, and it still has %u\n", error, zeros[7]);
}

/* Executes itself again and again. */
static void again(unsigned seed)
{
    char number[16], left[16];
    unsigned times = 3 + seed % 5;
    snprintf(number, sizeof(number), "%u", seed);
    snprintf(left, sizeof(left), "%u", times);
    const char *const argv[] = {"begins", "more", number, left};
    printf("begins: exec fails: %d\n", exec("begins", 4, argv));
}

/* Fills the memory, tries exec, and makes a page free after each time that it fails: so it fails at each of
 * its steps. The program that begins at last says whether it did. */
static void full(unsigned seed)
{
    char *memory = mmap(0, HOG_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    char number[16];
    const char *argv[] = {"begins", "filled", number, "never"};
    struct mem_info info;
    unsigned n = 0;
    int error;
    snprintf(number, sizeof(number), "%u", next_number(&seed));
    while (n < HOG_PAGES && sys_meminfo(&info) == 0 && info.free > 0)
        memory[n++ * PAGE_SIZE] = 1;
    while ((error = exec("begins", ARRAY_SIZE(argv), argv)) == -E_NO_MEM && n-- > 0) {
        (void)munmap(memory + n * PAGE_SIZE, (HOG_PAGES - n) * PAGE_SIZE);
        argv[3] = "before";
    }
    printf("begins: exec fails: %d\n", error);
}

static int more(char **argv)
{
    char left[16];
    unsigned seed = number_of(argv[2]), times = number_of(argv[3]);
    printf("begins: %u more, number %u\n", times, seed + times);
    if (times == 0)
        return 0;
    snprintf(left, sizeof(left), "%u", times - 1);
    const char *const next[] = {"begins", "more", argv[2], left};
    printf("begins: exec fails: %d\n", exec("begins", 4, next));
    return 1;
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {{"words", words},     {"data", data},   {"args", args},
                                        {"missing", missing}, {"again", again}, {"full", full}};
    if (argc > 2 && strcmp(argv[1], "list") == 0)
        return list(argc, argv);
    if (argc == 4 && strcmp(argv[1], "filled") == 0)
        return printf("begins: exec failed %s in a full memory, number %s\n", argv[3], argv[2]) < 0;
    if (argc == 4 && strcmp(argv[1], "more") == 0)
        return more(argv);
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
