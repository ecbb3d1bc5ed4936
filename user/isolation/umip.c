/* SPDX-License-Identifier: MIT */
/*
 * umip - sgdt, sidt, sldt, str and smsw, which reveal kernel state: refused by a processor with UMIP,
 * harmless without (D18).
 */
#include "check.h"

enum { CPUID_UMIP = 1 << 2 }; /* leaf 7, ecx: Intel SDM 2A, CPUID */

#define READ(name, code)                                         \
    static int name(void *arg)                                   \
    {                                                            \
        char table[8];                                           \
        (void)arg;                                               \
        __asm__ volatile(code : : "r"(table) : "eax", "memory"); \
        return 0;                                                \
    }

READ(read_gdt, "sgdtl (%0)")
READ(read_idt, "sidtl (%0)")
READ(read_ldt, "sldtw (%0)")
READ(read_task, "strw (%0)")
READ(read_status, "smsww (%0)")

static bool has_umip(void)
{
    unsigned highest = 0, a = 7, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(highest), "=b"(b), "=c"(c), "=d"(d));
    if (highest < 7)
        return false;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c & CPUID_UMIP) != 0;
}

int main(void)
{
    static const struct {
        const char *name;
        int (*read)(void *arg);
    } reads[] = {
        {"sgdt", read_gdt}, {"sidt", read_idt}, {"sldt", read_ldt}, {"str", read_task}, {"smsw", read_status},
    };
    int wanted = has_umip() ? -E_KILLED : 0;
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
        CHECK(child_code(reads[i].read, NULL), wanted, "%s", reads[i].name);
    return pass();
}
