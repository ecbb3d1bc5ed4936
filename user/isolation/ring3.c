/* SPDX-License-Identifier: MIT */
/*
 * ring3 - tries what a program must not be able to do, each attempt in its own child.
 *
 * Each attempt prints `ring3: NAME = CODE`, the child's exit code: -9 if it was killed (its trap frame
 * precedes the line), else the result of the code. The test knows which results are right. Meanwhile a
 * bystander checks its own memory.
 *
 * `ring3 FAMILY` tries one family: instructions, interrupts, ports, segments, transfers, flags or
 * stacks.
 */
#include "check.h"

/* Run the code of an attempt. It returns its result in eax and may change all registers except esp, ebp
 * and the selectors. */
static int run_code(void *code)
{
    int result;
    __asm__ volatile("pushl %%ebp; movl %%esp, %%ebp; call *%1; leave"
                     : "=a"(result)
                     : "a"(code)
                     : "ebx", "ecx", "edx", "esi", "edi", "memory", "cc");
    return result;
}

static void attempt(const char *name, const void *code)
{
    printf("ring3: %s = %d\n", name, child_code(run_code, (void *)code));
}

/* ---- instructions: those of ring3.def, as functions that return through ebp ---- */

#define BACK "\n\tleal -4(%ebp), %esp; ret"
#define VALUE(name, code)                                   \
    static __attribute__((naked)) void attempt_##name(void) \
    {                                                       \
        __asm__(code BACK);                                 \
    }
#define TRY(name, code) VALUE(name, code "\n\txorl %eax, %eax")
#include "ring3.def"

static void try_instructions(void)
{
    static const struct {
        const char *name;
        void (*code)(void);
    } instructions[] = {
#define VALUE(name, code) {#name, attempt_##name},
#define TRY VALUE
#include "ring3.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
        attempt(instructions[i].name, (const void *)instructions[i].code);
}

/* ---- families: code generated for each case ---- */

static struct {
    uint8_t bytes[64];
    size_t n;
} code;

static void emit(const void *bytes, size_t n)
{
    assert(code.n + n <= sizeof(code.bytes));
    memcpy(code.bytes + code.n, bytes, n);
    code.n += n;
}

static void emit_byte(unsigned byte)
{
    emit(&(uint8_t){(uint8_t)byte}, 1);
}

/* Emit a one-byte opcode and a 32-bit operand. */
static void emit_word(unsigned opcode, uint32_t word)
{
    emit_byte(opcode);
    emit(&word, sizeof(word));
}

enum {
    MOV_EAX = 0xB8,
    MOV_EDX = 0xBA,
    PUSH = 0x68,
    INT = 0xCD,
    RET = 0xC3,
    FAR_CALL = 0x9A,
    FAR_JUMP = 0xEA,
    FAR_RETURN = 0xCB,
    IRET = 0xCF,
    PUSHF = 0x9C,
    TO_SEGMENT = 0x8E,
    FROM_SEGMENT = 0x8C,
};

/* Finish the code and try it. */
static void attempt_code(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void attempt_code(const char *fmt, ...)
{
    char name[64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    emit_byte(RET);
    attempt(name, code.bytes);
    code.n = 0;
}

/* `int n` for each n, with the number of a system call that does not exist. */
static void try_interrupts(void)
{
    for (unsigned n = 0; n < 256; n++) {
        emit_word(MOV_EAX, 0xffff);
        emit_byte(INT);
        emit_byte(n);
        attempt_code("int 0x%x", n);
    }
}

/* in, out, ins and outs of every size. */
static void try_ports(void)
{
    static const unsigned ports[] = {0x20, 0x60, 0x64, 0xf4, 0x3f8, 0xcf8, 0xfffc};
    static const struct {
        const char *name;
        unsigned opcode;
        bool is_short;
    } accesses[] = {
        {"inb", 0xEC, false},  {"inw", 0xED, true},    {"inl", 0xED, false},  {"outb", 0xEE, false},
        {"outw", 0xEF, true},  {"outl", 0xEF, false},  {"insb", 0x6C, false}, {"insw", 0x6D, true},
        {"insl", 0x6D, false}, {"outsb", 0x6E, false}, {"outsw", 0x6F, true}, {"outsl", 0x6F, false},
    };
    static uint32_t memory;
    for (size_t i = 0; i < ARRAY_SIZE(ports) * ARRAY_SIZE(accesses); i++) {
        size_t access = i % ARRAY_SIZE(accesses);
        unsigned port = ports[i / ARRAY_SIZE(accesses)];
        emit_word(MOV_EDX, port);
        emit_word(MOV_EAX, (uint32_t)&memory);
        emit("\x89\xc6\x89\xc7", 4); /* esi = edi = eax */
        emit_word(MOV_EAX, 0xfe);    /* the value that resets the machine through port 0x64 */
        if (accesses[access].is_short)
            emit_byte(0x66);
        emit_byte(accesses[access].opcode);
        attempt_code("%s 0x%x", accesses[access].name, port);
    }
}

/* Selectors: every GDT entry and one more, with each RPL, in GDT and LDT; and the last selectors. */
static const struct {
    unsigned first, end;
} selectors[] = {{0, 0x40}, {0xfffe, 0x10000}};

/* Load each selector into each register. The result is the register's value afterwards. */
static void try_segments(void)
{
    static const char *const registers[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        if (i == 1)
            continue; /* mov cannot load cs */
        for (size_t range = 0; range < ARRAY_SIZE(selectors); range++) {
            for (unsigned s = selectors[range].first; s < selectors[range].end; s++) {
                emit_word(MOV_EAX, s);
                emit_byte(TO_SEGMENT);
                emit_byte(0xC0 | i << 3);
                emit_byte(FROM_SEGMENT);
                emit_byte(0xC0 | i << 3);
                emit("\x16\x07\x16\x1f", 4); /* reload es and ds from ss, because C needs them */
                attempt_code("mov %s 0x%x", registers[i], s);
            }
        }
    }
}

/* The target of far transfers. They are not tried with a stack in kernel memory: QEMU 7.2's TCG accesses
 * the stack with the rights of ring 0 then, and no kernel could prevent that. */
static __attribute__((naked)) void landing(void)
{
    __asm__("xorl %eax, %eax" BACK);
}

static void emit_transfer(unsigned opcode, uint16_t selector)
{
    if (opcode == FAR_CALL || opcode == FAR_JUMP) {
        emit_word(opcode, (uint32_t)landing);
        emit(&selector, sizeof(selector));
        return;
    }
    if (opcode == IRET)
        emit_byte(PUSHF);
    emit_word(PUSH, selector);
    emit_word(PUSH, (uint32_t)landing);
    emit_byte(opcode);
}

static void try_transfers(void)
{
    static const struct {
        const char *name;
        unsigned opcode;
    } transfers[] = {{"lcall", FAR_CALL}, {"ljmp", FAR_JUMP}, {"lret", FAR_RETURN}, {"iret", IRET}};
    for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
        for (size_t range = 0; range < ARRAY_SIZE(selectors); range++) {
            for (unsigned s = selectors[range].first; s < selectors[range].end; s++) {
                emit_transfer(transfers[i].opcode, (uint16_t)s);
                attempt_code("%s 0x%x", transfers[i].name, s);
            }
        }
    }
}

/* Toggle the flags `flip` by popf or iret, then make a system call. Returns the bits of the flags that
 * differ afterwards. */
static int flags_after(unsigned flip, bool by_iret)
{
    unsigned before, after;
    if (by_iret)
        __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; pushl %%cs; pushl $1f; iret;"
                         "1: movl %3, %%eax; int $0x80; pushfl; popl %1"
                         : "=&r"(before), "=&r"(after)
                         : "r"(flip), "i"(NR_getpid)
                         : "eax", "memory", "cc");
    else
        __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl;"
                         "movl %3, %%eax; int $0x80; pushfl; popl %1"
                         : "=&r"(before), "=&r"(after)
                         : "r"(flip), "i"(NR_getpid)
                         : "eax", "memory", "cc");
    return (int)((before ^ after) & ~0x8d5u); /* without the arithmetic flags */
}

static int flip_by_popf(void *flip)
{
    return flags_after((unsigned)(uintptr_t)flip, false);
}

static int flip_by_iret(void *flip)
{
    return flags_after((unsigned)(uintptr_t)flip, true);
}

/* iret does not try bit 17, VM: QEMU would enter virtual-8086 mode, which no processor does from ring 3
 * (Intel SDM 2A, IRET). */
static void try_flags(void)
{
    for (unsigned bit = 8; bit < 22; bit++) {
        void *flip = (void *)(uintptr_t)(1u << bit);
        printf("ring3: popf bit %u = %d\n", bit, child_code(flip_by_popf, flip));
        if (bit != 17)
            printf("ring3: iret bit %u = %d\n", bit, child_code(flip_by_iret, flip));
    }
}

/* ---- stacks ---- */

/* Code that uses the stack whose pointer is in edx, and returns on the old one. */
#define ON_STACK(name, code)                                                               \
    static __attribute__((naked)) void name(void)                                          \
    {                                                                                      \
        __asm__("movl %edx, %esp\n\t" code "\n\tmovl $0, %eax; leal -4(%ebp), %esp; ret"); \
    }
ON_STACK(on_call, "movl $18, %eax; int $0x80")
ON_STACK(on_push, "pushl $0")
ON_STACK(on_pusha, "pushal")
ON_STACK(on_near_call, "call 1f; 1:")
ON_STACK(on_pop, "popl %eax")
ON_STACK(on_fault, "movl 0, %eax")
ON_STACK(on_undefined, "ud2")

static void try_stacks(void)
{
    static const uint32_t tops[] = {0,           1,           2,           3,           USER_STACK_BASE,
                                    USERBASE,    USER_TEXT,   USERTOP,     USERTOP + 1, USERTOP + 4,
                                    0xBFFFFFF0u, 0xC0101000u, 0xFAC00000u, 0xFFFFFFFFu};
    static const struct {
        const char *name;
        void (*code)(void);
    } uses[] = {{"int 0x80", on_call}, {"push", on_push},   {"pusha", on_pusha},  {"call", on_near_call},
                {"pop", on_pop},       {"fault", on_fault}, {"ud2", on_undefined}};
    for (size_t i = 0; i < ARRAY_SIZE(tops) * ARRAY_SIZE(uses); i++) {
        size_t use = i % ARRAY_SIZE(uses);
        uint32_t top = tops[i / ARRAY_SIZE(uses)];
        emit_word(MOV_EDX, top);
        emit_word(MOV_EAX, (uint32_t)uses[use].code);
        emit("\xff\xe0", 2); /* jmp *%eax */
        attempt_code("%s at 0x%x", uses[use].name, top);
    }
}

/* ---- the bystander ---- */

enum { WORDS = 4 * PAGE_SIZE / sizeof(unsigned) };

/* Rewrite the own memory until *stop is set. Returns the number of words that had changed. */
static int stand_by(void *stop)
{
    static unsigned words[WORDS];
    int wrong = 0;
    for (unsigned turn = 0; *(volatile int *)stop == 0; turn++) {
        for (unsigned i = turn % 256; i < WORDS; i += 256) {
            wrong += words[i] != (turn < 256 ? 0 : (turn - 256) ^ i);
            words[i] = turn ^ i;
        }
        yield();
    }
    return wrong;
}

static const struct {
    const char *name;
    void (*try)(void);
} families[] = {
    {"instructions", try_instructions},
    {"interrupts", try_interrupts},
    {"ports", try_ports},
    {"segments", try_segments},
    {"transfers", try_transfers},
    {"flags", try_flags},
    {"stacks", try_stacks},
};

int main(int argc, char *argv[])
{
    volatile int *stop = map_pages(PAGE_SIZE, MAP_SHARED);
    int bystander = fork();
    if (bystander == 0)
        exit(stand_by((void *)stop));
    assert(bystander > 0);
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        if (argc == 1 || strcmp(argv[1], families[i].name) == 0)
            families[i].try();
    *stop = 1;
    CHECK(code_of(bystander), 0, "words that the bystander found changed");
    return pass();
}
