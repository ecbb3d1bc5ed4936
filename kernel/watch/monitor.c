/* SPDX-License-Identifier: MIT */
/*
 * monitor - reads a line, finds its word, lets it answer; until `quit` or the end of input, ^D.
 *
 * Interrupts are off, so the devices are polled. A page fault here is a panic inside a report, and ends the
 * machine.
 */
#include "watch/monitor.h"

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "dev/input.h"
#include "dev/keyboard.h"
#include "dev/uart.h"
#include "lib/string.h"
#include "watch/backtrace.h"
#include "watch/look.h"
#include "watch/trace.h"

#define LINE_BYTES 80
#define PROMPT "K> "
#define END_OF_INPUT 4 /* ^D */
#define BACKSPACE 8
#define DELETE 127
#define EVENTS 20 /* that `events` prints; tools/ucow/inspect.py has the same number */
#define WORDS 16  /* that `mem` prints */
#define WORDS_MAX 1024

static const struct monitor_word *more_words;
static size_t more_words_n;

static uint8_t read_byte(void)
{
    char byte;
    unsigned at;
    do {
        uart_interrupt();
        keyboard_interrupt();
    } while (input_peek(&byte, 1, &at) == 0);
    input_drop(at, 1);
    return (uint8_t)byte;
}

/* Read and echo a line. Returns false at the end of input, which is ^D in an empty line. */
static bool read_line(char line[LINE_BYTES])
{
    size_t length = 0;
    for (;;) {
        uint8_t byte = read_byte();
        if (byte == '\r' || byte == '\n') {
            line[length] = '\0';
            kprintf("\n");
            return true;
        }
        if (byte == END_OF_INPUT && length == 0)
            return false;
        if ((byte == BACKSPACE || byte == DELETE) && length > 0) {
            length--;
            kprintf("\b \b");
        } else if (byte >= ' ' && byte < DELETE && length < LINE_BYTES - 1) {
            line[length++] = (char)byte;
            kprintf("%c", byte);
        }
    }
}

/* The next word of *rest, which moves past it; NULL if there is none. */
static char *next_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ')
        word++;
    if (*word == '\0')
        return NULL;
    char *end = strchr(word, ' ');
    *rest = end == NULL ? word + strlen(word) : end + 1;
    if (end != NULL)
        *end = '\0';
    return word;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool monitor_number(const struct monitor_args *args, int i, uint32_t missing, uint32_t *value)
{
    *value = missing;
    if (i >= args->n)
        return true;
    const char *digits = args->text[i];
    uint32_t base = strncmp(digits, "0x", 2) == 0 ? 16 : 10, sum = 0;
    digits += base == 16 ? 2 : 0;
    bool right = *digits != '\0';
    for (; right && *digits != '\0'; digits++) {
        uint32_t digit = (uint32_t)digit_of(*digits);
        right = digit < base && sum <= (UINT32_MAX - digit) / base;
        sum = sum * base + digit;
    }
    if (right)
        *value = sum;
    else
        kprintf("%s is no number of 32 bits: give one, as in 0x800020 or 12\n", args->text[i]);
    return right;
}

static void print_registers(const struct monitor_args *args)
{
    const struct report *report = args->report;
    if (report->tf != NULL)
        trap_print(report->tf);
    else
        kprintf("  ebp  0x%08x\n  eip  0x%08x\n", (unsigned)report->ebp, (unsigned)report->eip);
    kprintf("  cr0  0x%08x\n  cr2  0x%08x\n  cr3  0x%08x\n  cr4  0x%08x\n", cpu_read_cr0(), cpu_read_cr2(),
            cpu_read_cr3(), cpu_read_cr4());
}

static void print_text(const uint32_t *words, uint32_t n)
{
    const char *text = (const char *)words;
    kprintf("  ");
    for (uint32_t i = 0; i < n * sizeof(*words); i++)
        kprintf("%c", text[i] >= ' ' && text[i] < DELETE ? text[i] : '.');
    kprintf("\n");
}

/* Four words a line, up to the first that cannot be read, or WORDS_MAX: no key stops it. */
static void print_memory(const struct monitor_args *args)
{
    uint32_t va, wanted, words[4], n;
    if (!monitor_number(args, 0, 0, &va) || !monitor_number(args, 1, WORDS, &wanted))
        return;
    va &= ~(uint32_t)(sizeof(*words) - 1);
    for (uint32_t left = MIN(wanted, (uint32_t)WORDS_MAX); left > 0; left -= n, va += n * 4) {
        for (n = 0; n < MIN(left, (uint32_t)4); n++)
            if (!look_word(pte_frame(cpu_read_cr3()), va + n * 4, &words[n]))
                break;
        kprintf(n == 0 ? "  0x%08x is not mapped\n" : "  %08x", va);
        for (uint32_t i = 0; i < n; i++)
            kprintf(" %08x", words[i]);
        if (n > 0)
            print_text(words, n);
        if (n < MIN(left, (uint32_t)4))
            return;
    }
    if (wanted > WORDS_MAX)
        kprintf("  %u words at most: the next are at 0x%08x\n", WORDS_MAX, va);
}

static void print_events(const struct monitor_args *args)
{
    uint32_t n;
    if (monitor_number(args, 0, EVENTS, &n))
        trace_print_last(n);
}

static void print_help(const struct monitor_args *args);

static const struct monitor_word own_words[] = {
    {"help", "", "this list", 0, 0, print_help},
    {"regs", "", "the registers when the machine stopped", 0, 0, print_registers},
    {"mem", " ADDRESS [WORDS]", "memory, as it is mapped now", 1, 2, print_memory},
    {"events", " [N]", "the last N events of the trace, 20 without N", 0, 1, print_events},
};

static void print_help_of(const struct monitor_word *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int width = 22 - (int)strlen(words[i].name);
        kprintf("  %s%-*s %s\n", words[i].name, width, words[i].usage, words[i].what);
    }
}

static void print_help(const struct monitor_args *args)
{
    (void)args;
    print_help_of(own_words, ARRAY_SIZE(own_words));
    print_help_of(more_words, more_words_n);
    kprintf("  quit                   end the machine; ^D does the same\n");
}

static const struct monitor_word *find_word(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(own_words); i++)
        if (strcmp(own_words[i].name, name) == 0)
            return &own_words[i];
    for (size_t i = 0; i < more_words_n; i++)
        if (strcmp(more_words[i].name, name) == 0)
            return &more_words[i];
    return NULL;
}

/* Answer a line, which is changed. */
static void answer(const struct report *report, const char *name, char *rest)
{
    const struct monitor_word *word = find_word(name);
    if (word == NULL) {
        kprintf("there is no word %s: type help\n", name);
        return;
    }
    struct monitor_args args = {.report = report};
    const char *text;
    while (args.n <= word->most && (text = next_word(&rest)) != NULL) {
        if (args.n < MONITOR_ARGS)
            args.text[args.n] = text;
        args.n++;
    }
    if (args.n < word->least || args.n > word->most)
        kprintf("it is used as: %s%s\n", word->name, word->usage);
    else
        word->answer(&args);
}

static void ask(const struct report *report)
{
    static char line[LINE_BYTES]; /* the stack of a double fault is small */
    if (!input_has_device())
        return;
    input_set_keys(0, 0);
    kprintf("the machine has stopped; type help, or quit to end it.\n");
    for (;;) {
        char *rest = line, *word;
        kprintf(PROMPT);
        if (!read_line(line))
            break;
        if ((word = next_word(&rest)) == NULL)
            continue;
        if (strcmp(word, "quit") == 0)
            return;
        answer(report, word, rest);
    }
    kprintf("\n");
}

void monitor_start(const struct monitor_word *words, size_t n)
{
    more_words = words;
    more_words_n = n;
    panic_set_prompt(ask);
}
