/* SPDX-License-Identifier: MIT */
/*
 * trapframe.c: what the vectors are called, a printed frame line by line, and the frame that starts a
 * program.
 */
#include "arch/i386/trapframe.h"

#include "arch/i386/cpu.h"
#include "host_console.h"

#define TEXT 0x1Bu /* selectors of a program */
#define DATA 0x23u

/* Every register has its own value. */
static const struct trapframe frame = {
    .edi = 0x11111101,
    .esi = 0x11111102,
    .ebp = 0x11111103,
    .oesp = 0x11111104,
    .ebx = 0x11111105,
    .edx = 0x11111106,
    .ecx = 0x11111107,
    .eax = 0x11111108,
    .gs = 0x22221109,
    .fs = 0x2222110F,
    .es = 0x2222110B,
    .ds = 0x22221121,
    .trapno = 14,
    .err = 0x1111110E,
    .eip = 0x1111110F,
    .cs = 0x2222111B,
    .esp = 0x11111111,
    .ss = 0x22221113,
};

#define REGISTERS                                                                                     \
    "  edi  0x11111101\n  esi  0x11111102\n  ebp  0x11111103\n  oesp 0x11111104\n  ebx  0x11111105\n" \
    "  edx  0x11111106\n  ecx  0x11111107\n  eax  0x11111108\n  ds   0x----1121\n  es   0x----110b\n" \
    "  fs   0x----110f\n  gs   0x----1109\n  trap 0x0000000e Page Fault\n  err  0x1111110e\n  eip  "  \
    "0x1111110f\n"

static const char *printed(const struct trapframe *tf)
{
    char *registers;
    console_clear();
    trap_print(tf);
    CHECK_EQ(strncmp(console, "trapframe at 0x", 15), 0);
    registers = strchr(console, '\n');
    CHECK(registers != NULL);
    return registers + 1;
}

TEST(a_frame_from_a_program_has_its_stack)
{
    struct trapframe tf = frame;
    tf.eflags = 0x202;
    CHECK_STR_EQ(printed(&tf), REGISTERS "  cs   0x----111b\n  flag 0x00000202 IF,IOPL=0\n  esp  0x11111111\n"
                                         "  ss   0x----1113\n");
}

TEST(a_frame_from_the_kernel_has_none)
{
    struct trapframe tf = frame;
    tf.cs = 0x22220008;
    CHECK_STR_EQ(printed(&tf), REGISTERS "  cs   0x----0008\n  flag 0x00000000 IOPL=0\n");
    tf.cs = 0x22220009;
    CHECK(!trap_from_user(&tf));
    tf.eflags = 1u << 17; /* virtual-8086 mode */
    CHECK(trap_from_user(&tf));
}

TEST(flags_have_their_names)
{
    static const char *const names[32] = {
        [0] = "CF,",  [2] = "PF,",   [4] = "AF,",   [6] = "ZF,",  [7] = "SF,",  [8] = "TF,",
        [9] = "IF,",  [10] = "DF,",  [11] = "OF,",  [14] = "NT,", [16] = "RF,", [17] = "VM,",
        [18] = "AC,", [19] = "VIF,", [20] = "VIP,", [21] = "ID,",
    };
    struct trapframe tf = frame;
    char all[100] = "";
    for (unsigned i = 0; i < 32; i++) {
        char line[60];
        unsigned iopl = i == 12 ? 1 : i == 13 ? 2 : 0;
        snprintf(line, sizeof(line), "  flag 0x%08x %sIOPL=%u\n", 1u << i, names[i] == NULL ? "" : names[i],
                 iopl);
        tf.eflags = 1u << i;
        CHECK(strstr(printed(&tf), line) != NULL);
        strcat(all, names[i] == NULL ? "" : names[i]);
    }
    tf.eflags = UINT32_MAX;
    strcat(all, "IOPL=3\n");
    CHECK(strstr(printed(&tf), all) != NULL);
}

TEST(vectors_have_their_names)
{
    CHECK_STR_EQ(trap_name(0), "Divide error");
    CHECK_STR_EQ(trap_name(13), "General Protection");
    CHECK_STR_EQ(trap_name(15), "(unknown trap)");
    CHECK_STR_EQ(trap_name(19), "SIMD Floating-Point Exception");
    for (unsigned vector = 20; vector < 300; vector++)
        CHECK_STR_EQ(trap_name(vector), vector >= 32 && vector < 48 ? "Hardware Interrupt"
                                        : vector == 128             ? "System call"
                                                                    : "(unknown trap)");
}

TEST(a_program_starts_with_empty_registers)
{
    struct trapframe tf = frame;
    trap_frame_user(&tf, 0x800020, 0xB0000000);
    const struct trapframe expected = {.cs = TEXT,
                                       .ds = DATA,
                                       .es = DATA,
                                       .ss = DATA,
                                       .eip = 0x800020,
                                       .esp = 0xB0000000,
                                       .eflags = EFLAGS_FIXED | EFLAGS_IF};
    CHECK_EQ(memcmp(&tf, &expected, sizeof(tf)), 0);
    CHECK(trap_frame_complete(&tf));
}

/* What a system call must not change, with two bits of each register, and what it may. */
TEST(a_register_that_differs_is_seen)
{
    struct trapframe tf = frame;
    tf.eflags = 0x202;
    const struct trapframe before = tf;
    uint32_t *const kept[] = {&tf.edi, &tf.esi,    &tf.ebp, &tf.ebx, &tf.edx,
                              &tf.ecx, &tf.eflags, &tf.ds,  &tf.ss};
    CHECK(trap_frame_same_registers(&before, &tf));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        for (unsigned bit = 0; bit < 32; bit += 31) {
            *kept[i] ^= 1u << bit;
            CHECK(!trap_frame_same_registers(&before, &tf));
            CHECK(!trap_frame_same_registers(&tf, &before));
            *kept[i] ^= 1u << bit;
        }
    }
    tf.eax++;
    tf.eip++;
    CHECK(trap_frame_same_registers(&before, &tf));
}

TEST(a_frame_with_anything_else_is_not_complete)
{
    struct trapframe tf;
    trap_frame_user(&tf, 0x800020, 0xB0000000);
    uint32_t *const wrong[] = {&tf.edi, &tf.esi, &tf.ebp, &tf.ebx, &tf.edx, &tf.ecx, &tf.eax,
                               &tf.gs,  &tf.fs,  &tf.es,  &tf.ds,  &tf.cs,  &tf.ss};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint32_t right = *wrong[i];
        *wrong[i] = right + 4;
        CHECK(!trap_frame_complete(&tf));
        *wrong[i] = right | 0x10000;
        CHECK(!trap_frame_complete(&tf));
        *wrong[i] = right;
    }
    CHECK(trap_frame_complete(&tf));
    tf.eflags = EFLAGS_FIXED;
    CHECK(!trap_frame_complete(&tf));
}
