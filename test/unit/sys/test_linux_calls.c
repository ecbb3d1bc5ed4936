/* SPDX-License-Identifier: MIT */
/*
 * linux.c: the registers of each call of Linux, and the numbers that have none.
 */
#include <string.h>

#include "arch/i386/trapframe.h"
#include "journal.h"
#include "lib/util.h"
#include "proc/abi.h"
#include "proc/linux.h"
#include "sys/linux.h"

static int32_t answer;

void linux_leave(enum exit_reason *reason, int *code)
{
    (void)reason, (void)code;
    note("leave");
}

/* Each function says with what it was called. */
#define WORD_INT(a) ((uint32_t)(a))
#define WORD_UINT(a) (a)
#define WORD_ADDR(a) ((uint32_t)(a))
#define WORD_PTR(a) ((uint32_t)(a).va)
#define WORD_STR(a) ((uint32_t)(a).va)
#define LINUX0(nr, name, ...)  \
    int32_t linux_##name(void) \
    {                          \
        note(#name);           \
        return answer;         \
    }
#define LINUX1(nr, name, t1, a1, ...)     \
    int32_t linux_##name(KERNEL_##t1 a1)  \
    {                                     \
        note(#name " %x", WORD_##t1(a1)); \
        return answer;                    \
    }
#define LINUX2(nr, name, t1, a1, t2, a2, ...)               \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2)    \
    {                                                       \
        note(#name " %x %x", WORD_##t1(a1), WORD_##t2(a2)); \
        return answer;                                      \
    }
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...)                         \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3)      \
    {                                                                         \
        note(#name " %x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3)); \
        return answer;                                                        \
    }
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...)                                   \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4)        \
    {                                                                                           \
        note(#name " %x %x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3), WORD_##t4(a4)); \
        return answer;                                                                          \
    }
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...)                                    \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4, KERNEL_##t5 a5) \
    {                                                                                                    \
        note(#name " %x %x %x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3), WORD_##t4(a4),        \
             WORD_##t5(a5));                                                                             \
        return answer;                                                                                   \
    }
#define LINUX6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...)                            \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4, KERNEL_##t5 a5, \
                         KERNEL_##t6 a6)                                                                 \
    {                                                                                                    \
        note(#name " %x %x %x %x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3), WORD_##t4(a4),     \
             WORD_##t5(a5), WORD_##t6(a6));                                                              \
        return answer;                                                                                   \
    }
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>

/* What the function of each number says, called with the frame below. */
static const char *const said[ABI_CALLS] = {
#define LINUX0(nr, name, ...) [nr] = #name,
#define LINUX1(nr, name, ...) [nr] = #name " 1b",
#define LINUX2(nr, name, ...) [nr] = #name " 1b 1c",
#define LINUX3(nr, name, ...) [nr] = #name " 1b 1c 1d",
#define LINUX4(nr, name, ...) [nr] = #name " 1b 1c 1d 51",
#define LINUX5(nr, name, ...) [nr] = #name " 1b 1c 1d 51 d1",
#define LINUX6(nr, name, ...) [nr] = #name " 1b 1c 1d 51 d1 b9",
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>
};

static const struct trapframe tf = {
    .ebx = 0x1b, .ecx = 0x1c, .edx = 0x1d, .esi = 0x51, .edi = 0xd1, .ebp = 0xb9, .oesp = 0x59};

TEST(each_call_has_its_arguments_in_the_registers_of_linux)
{
    const struct abi *abi = linux_calls();
    for (uint32_t nr = 0; nr < ABI_CALLS; nr++) {
        if (said[nr] == NULL)
            continue;
        journal_clear();
        answer = -(int32_t)nr - 1;
        CHECK_EQ(abi->calls[nr](&tf), answer);
        CHECK_STEPS(said[nr]);
    }
}

TEST(a_number_without_a_function_has_the_error_of_linux)
{
    const struct abi *abi = linux_calls();
    journal_clear();
    CHECK(said[0] == NULL && said[ABI_CALLS - 1] == NULL); /* the edges are among them */
    for (uint32_t nr = 0; nr < ABI_CALLS; nr++) {
        if (said[nr] == NULL)
            CHECK_EQ(abi->calls[nr](&tf), -LINUX_ENOSYS);
    }
    CHECK_STR_EQ(journal, "");
}

TEST(the_trace_and_the_end_of_a_process_know_the_table)
{
    const struct abi *abi = linux_calls();
    journal_clear();
    CHECK_STR_EQ(abi->name, "linux");
    CHECK_EQ(abi->traced, LINUX_TRACED);
    CHECK_EQ(abi->first, ABI_EBX);
    CHECK_EQ(abi->third, ABI_EDX);
    CHECK(abi->check == NULL);
    abi->leave(NULL, NULL);
    CHECK_STEPS("leave");
}
