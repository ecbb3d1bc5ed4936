/* SPDX-License-Identifier: MIT */
/*
 * monitor.c: the prompt after a panic: what is typed, what is shown, and what each word answers.
 */
#include "watch/monitor.h"

#include "arch/i386/cpu.h"
#include "dev/input.h"
#include "dev/keyboard.h"
#include "dev/uart.h"
#include "host_console.h"
#include "watch/backtrace.h"
#include "watch/look.h"
#include "watch/trace.h"

#define PROMPT "K> "
#define HELLO "the machine has stopped; type help, or quit to end it.\n" PROMPT
#define HELP                                                            \
    "  help                   this list\n"                              \
    "  regs                   the registers when the machine stopped\n" \
    "  mem ADDRESS [WORDS]    memory, as it is mapped now\n"            \
    "  events [N]             the last N events of the trace, 20 without N\n"

uint8_t host_memory[1];
uint32_t host_cr3 = 0x12345018;

uint32_t cpu_read_cr0(void)
{
    return 0x80010011;
}

uint32_t cpu_read_cr2(void)
{
    return 0xCAFE0000;
}

uint32_t cpu_read_cr4(void)
{
    return 0x690;
}

static const char *typed; /* what is still to be typed */
static bool has_byte, has_device;
static uint32_t keys_all, keys_flushing;
static unsigned events;

static void (*prompt)(const struct report *report);

void panic_set_prompt(void (*ask)(const struct report *report))
{
    prompt = ask;
}

bool input_has_device(void)
{
    return has_device;
}

void input_set_keys(uint32_t all, uint32_t flushing)
{
    keys_all = all;
    keys_flushing = flushing;
}

/* The line and the keyboard take turns: each look at a device finds a byte at most every second time. */
static bool turn;

void uart_interrupt(void)
{
    turn = !turn;
    has_byte |= turn;
}

void keyboard_interrupt(void)
{
    has_byte |= !turn;
}

size_t input_peek(char *to, size_t n, unsigned *at)
{
    CHECK_EQ(n, 1);
    CHECK(*typed != '\0'); /* the prompt would wait forever */
    *at = 77;
    *to = *typed;
    return has_byte;
}

void input_drop(unsigned at, size_t n)
{
    CHECK(at == 77 && n == 1);
    has_byte = false;
    typed++;
}

/* 0x1000 to 0x100c is mapped, and 0x2000 to 0x3000. */
bool look_word(paddr_t pgdir, uintptr_t va, uint32_t *word)
{
    CHECK_EQ(pgdir, 0x12345000);
    if (!((va >= 0x1000 && va < 0x100C) || (va >= 0x2000 && va < 0x3000)))
        return false;
    *word = va == 0x1000 ? 0x7E41201F : va == 0x1004 ? 0x807F4220 : (uint32_t)va;
    return true;
}

void trace_print_last(unsigned n)
{
    events = n;
    kprintf("%u events\n", n);
}

void trap_print(const struct trapframe *tf)
{
    kprintf("frame %u\n", (unsigned)tf->eax);
}

static struct trapframe frame = {.eax = 7};
static struct report report = {.eip = 0xC0101234, .ebp = 0xC0205678};

static void answer_number(const struct monitor_args *args)
{
    uint32_t a, b;
    CHECK_EQ(args->report, &report);
    if (monitor_number(args, 0, 5, &a) && monitor_number(args, 1, 6, &b))
        kprintf("%d: %u %u\n", args->n, (unsigned)a, (unsigned)b);
}

static const struct monitor_word more[] = {
    {"add", " [A [B]]", "two numbers", 0, 2, answer_number},
    {"one", " A", "one number", 1, 1, answer_number},
};

/* What the prompt shows if this is typed. */
static const char *shown(const char *text)
{
    monitor_start(more, 2);
    typed = text;
    has_device = true;
    has_byte = turn = false;
    console_clear();
    prompt(&report);
    CHECK_STR_EQ(typed, ""); /* it has read everything */
    return console;
}

/* What it shows for one line, without prompt and echo. */
static const char *answer(const char *line)
{
    static char text[sizeof(console)];
    size_t echo = strlen(HELLO) + strlen(line) + 1;
    char all[200];
    snprintf(all, sizeof(all), "%s\nquit\n", line);
    strcpy(text, shown(all));
    CHECK_EQ(strncmp(text, HELLO, strlen(HELLO)), 0);
    CHECK_EQ(strncmp(text + strlen(HELLO), line, strlen(line)), 0);
    char *end = strstr(text, PROMPT "quit\n");
    CHECK(end != NULL && end[strlen(PROMPT "quit\n")] == '\0' && text[echo - 1] == '\n');
    *end = '\0';
    return text + echo;
}

TEST(it_ends_by_quit_or_the_end_of_input)
{
    keys_all = keys_flushing = 9;
    CHECK_STR_EQ(shown("quit\r"), HELLO "quit\n");
    CHECK(keys_all == 0 && keys_flushing == 0);
    CHECK_STR_EQ(shown("\4"), HELLO "\n");
    CHECK_STR_EQ(shown("\n  \nx\4\b\4"), HELLO "\n" PROMPT "  \n" PROMPT "x\b \b\n");
}

TEST(without_a_device_no_one_is_asked)
{
    monitor_start(more, 2);
    has_device = false;
    console_clear();
    prompt(&report);
    CHECK_STR_EQ(console, "");
}

TEST(a_line_is_edited)
{
    CHECK_STR_EQ(shown("quix\177t\n"), HELLO "quix\b \bt\n");
    CHECK_STR_EQ(shown("\b\177\1quit\x80\xff\x1f\n"), HELLO "quit\n");
    CHECK_STR_EQ(answer("~ "), "there is no word ~: type help\n");
}

TEST(a_line_has_79_bytes)
{
    char line[100] = "";
    memset(line, 'x', 81);
    strcat(line, "\n\4");
    char expected[300];
    snprintf(expected, sizeof(expected), HELLO "%.79s\nthere is no word %.79s: type help\n" PROMPT "\n", line,
             line);
    CHECK_STR_EQ(shown(line), expected);
}

TEST(help_lists_all_words)
{
    CHECK_STR_EQ(answer("help"), HELP "  add [A [B]]            two numbers\n"
                                      "  one A                  one number\n"
                                      "  quit                   end the machine; ^D does the same\n");
}

TEST(arguments_are_counted)
{
    CHECK_STR_EQ(answer("add"), "0: 5 6\n");
    CHECK_STR_EQ(answer("  add   1"), "1: 1 6\n");
    CHECK_STR_EQ(answer("add 1   2 "), "2: 1 2\n");
    CHECK_STR_EQ(answer("add 1 2 3"), "it is used as: add [A [B]]\n");
    CHECK_STR_EQ(answer("add 1 2 3 4 5"), "it is used as: add [A [B]]\n");
    CHECK_STR_EQ(answer("one"), "it is used as: one A\n");
    CHECK_STR_EQ(answer("one 2"), "1: 2 6\n");
    CHECK_STR_EQ(answer("one 2 3"), "it is used as: one A\n");
    CHECK_STR_EQ(answer("help me"), "it is used as: help\n");
    CHECK_STR_EQ(answer("ad"), "there is no word ad: type help\n");
}

TEST(numbers_have_32_bits)
{
    static const struct {
        const char *text, *value;
    } good[] = {{"0", "0"},
                {"4294967295", "4294967295"},
                {"0xffffffff", "4294967295"},
                {"0xFfA09", "1047049"},
                {"0x0", "0"},
                {"007", "7"},
                {"4294967290", "4294967290"},
                {"0x12345678", "305419896"}};
    static const char *const bad[] = {
        "4294967296", "0x100000000",          "0x",         "a", "0xg", "12a", "-1", "9/", "1:", "0xG", "0x@",
        "0x`",        "99999999999999999999", "42949672950"};
    char line[60], expected[120];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(line, sizeof(line), "one %s", good[i].text);
        snprintf(expected, sizeof(expected), "1: %s 6\n", good[i].value);
        CHECK_STR_EQ(answer(line), expected);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), "one %s", bad[i]);
        snprintf(expected, sizeof(expected), "%s is no number of 32 bits: give one, as in 0x800020 or 12\n",
                 bad[i]);
        CHECK_STR_EQ(answer(line), expected);
        snprintf(line, sizeof(line), "add 1 %s", bad[i]);
        CHECK_STR_EQ(answer(line), expected);
    }
}

#define CONTROL "  cr0  0x80010011\n  cr2  0xcafe0000\n  cr3  0x12345018\n  cr4  0x00000690\n"

TEST(registers_are_those_of_the_report)
{
    CHECK_STR_EQ(answer("regs"), "  ebp  0xc0205678\n  eip  0xc0101234\n" CONTROL);
    report.tf = &frame;
    CHECK_STR_EQ(answer("regs"), "frame 7\n" CONTROL);
}

TEST(events_are_20_unless_said_otherwise)
{
    CHECK_STR_EQ(answer("events"), "20 events\n");
    CHECK_STR_EQ(answer("events 3"), "3 events\n");
    events = 9;
    answer("events x");
    CHECK_EQ(events, 9);
}

TEST(memory_is_shown_as_far_as_it_is_mapped)
{
    CHECK_STR_EQ(answer("mem 0x1000 2"), "  00001000 7e41201f 807f4220  . A~ B..\n");
    CHECK_STR_EQ(answer("mem 0x1003 1"), "  00001000 7e41201f  . A~\n");
    CHECK_STR_EQ(answer("mem 0x1000 4"), "  00001000 7e41201f 807f4220 00001008  . A~ B......\n");
    CHECK_STR_EQ(answer("mem 0x1000 3"), "  00001000 7e41201f 807f4220 00001008  . A~ B......\n");
    CHECK_STR_EQ(answer("mem 0x1000"), "  00001000 7e41201f 807f4220 00001008  . A~ B......\n");
    CHECK_STR_EQ(answer("mem 0x100c"), "  0x0000100c is not mapped\n");
    CHECK_STR_EQ(answer("mem 0x1000 0"), "");
    CHECK_STR_EQ(
        answer("mem 0x2ff0 5"),
        "  00002ff0 00002ff0 00002ff4 00002ff8 00002ffc  ./.../.../.../..\n  0x00003000 is not mapped\n");
    CHECK_STR_EQ(answer("mem 0x2000 5"), "  00002000 00002000 00002004 00002008 0000200c  . ... ... ... ..\n"
                                         "  00002010 00002010  . ..\n");
    CHECK_STR_EQ(answer("mem"), "it is used as: mem ADDRESS [WORDS]\n");
    CHECK_STR_EQ(answer("mem x 1"), "x is no number of 32 bits: give one, as in 0x800020 or 12\n");
    CHECK_STR_EQ(answer("mem 1 x"), "x is no number of 32 bits: give one, as in 0x800020 or 12\n");
}

TEST(sixteen_words_unless_said_otherwise)
{
    const char *text = answer("mem 0x2000");
    CHECK(strstr(text, "  00002030 ") != NULL && strstr(text, "00002040") == NULL);
    text = answer("mem 0x2000 17");
    CHECK(strstr(text, "  00002040 00002040  @ ..\n") != NULL && strstr(text, "00002044") == NULL);
}

TEST(a_limit_of_words_is_named)
{
    CHECK(strstr(answer("mem 0x2000 1024"), "at most") == NULL);
    const char *end = strstr(answer("mem 0x2000 1025"), "  00002ff0 ");
    CHECK(end != NULL &&
          strcmp(strchr(end, '\n'), "\n  1024 words at most: the next are at 0x00003000\n") == 0);
}
