/* SPDX-License-Identifier: MIT */
/*
 * kasan - the shadow's keeper, and the functions that instrumented code calls.
 *
 * Not instrumented itself. The names and the arguments are the compiler's (LLVM's
 * AddressSanitizer, kernel flavour, checks outlined). The first report ends the run.
 */
#include "check/kasan.h"

#include "arch/i386/cpu.h"
#include "arch/i386/shadow.h"
#include "check/kasan_report.h"
#include "lib/string.h"
#include "lib/util.h"

/* Outside of the shadow, before there is one, and while a report is printed, nothing is checked. */
static bool checking;

typedef void constructor_fn(void);
extern constructor_fn *const constructors[], *const constructors_end[]; /* kernel.ld */

void kasan_init(void)
{
    for (constructor_fn *const *constructor = constructors; constructor < constructors_end; constructor++)
        (*constructor)();
    checking = true;
}

static void fill(uintptr_t va, size_t granules, uint8_t value)
{
    memset(shadow_of(va), value, granules); /* the one that asks nobody: kernel/meson.build */
}

void kasan_open(uintptr_t va, size_t bytes)
{
    fill(va, bytes / SHADOW_GRANULE, 0);
    if (bytes % SHADOW_GRANULE != 0)
        *shadow_of(va + bytes) = (int8_t)(bytes % SHADOW_GRANULE);
}

void kasan_close(uintptr_t va, size_t bytes, enum kasan_shadow why)
{
    fill(va, bytes / SHADOW_GRANULE, (uint8_t)why);
}

uint8_t kasan_state(uintptr_t va)
{
    return (uint8_t)*shadow_of(va);
}

/* Whether the byte may not be accessed. */
static inline bool is_closed(uintptr_t va)
{
    int8_t shadow = *shadow_of(va);
    return shadow != 0 && (int8_t)(va % SHADOW_GRANULE) >= shadow;
}

/* The first byte of the range that may not be accessed, or 0. */
static uintptr_t first_closed(uintptr_t va, size_t bytes)
{
    for (uintptr_t end = va + bytes; va < end; va = ALIGN_DOWN(va, SHADOW_GRANULE) + SHADOW_GRANULE) {
        int8_t shadow = *shadow_of(va);
        if (shadow == 0)
            continue;
        uintptr_t last = MIN(end - 1, va | (SHADOW_GRANULE - 1));
        if (is_closed(last))
            return is_closed(va) ? va : ALIGN_DOWN(va, SHADOW_GRANULE) + (uintptr_t)shadow;
    }
    return 0;
}

static _Noreturn void report_access(struct kasan_access *access)
{
    checking = false;
    kasan_report_access(access);
}

/* `eip` is the return address of the function that the compiler called. */
static inline void check(uintptr_t va, size_t bytes, bool write, uintptr_t eip)
{
    if (!checking || va < KERNBASE || bytes == 0)
        return; /* what lies below is the CPU's to refuse */
    uintptr_t bad = bytes == 1 ? (is_closed(va) ? va : 0) : first_closed(va, bytes);
    if (bad != 0)
        report_access(&(struct kasan_access){va, bad, bytes, write, eip - 1});
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void kasan_check(const void *va, size_t bytes, bool write, uintptr_t site)
{
    check((uintptr_t)va, bytes, write, site);
}

void kasan_report(const char *why, uintptr_t va, uintptr_t site)
{
    checking = false;
    kasan_report_other(why, va, site - 1);
}

/* ---- What instrumented code calls ---- */

#define ACCESS(bytes)                                \
    void __asan_load##bytes##_noabort(uintptr_t);    \
    void __asan_load##bytes##_noabort(uintptr_t va)  \
    {                                                \
        check(va, bytes, false, CALLER);             \
    }                                                \
    void __asan_store##bytes##_noabort(uintptr_t);   \
    void __asan_store##bytes##_noabort(uintptr_t va) \
    {                                                \
        check(va, bytes, true, CALLER);              \
    }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __asan_loadN_noabort(uintptr_t va, size_t bytes);
void __asan_loadN_noabort(uintptr_t va, size_t bytes)
{
    check(va, bytes, false, CALLER);
}

void __asan_storeN_noabort(uintptr_t va, size_t bytes);
void __asan_storeN_noabort(uintptr_t va, size_t bytes)
{
    check(va, bytes, true, CALLER);
}

/* Frames that are left this way are left for good: kstack_alloc() opens the stack again. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}

/* A variable's block is left, or entered again. */
void __asan_poison_stack_memory(uintptr_t va, size_t bytes);
void __asan_poison_stack_memory(uintptr_t va, size_t bytes)
{
    kasan_close(va, ALIGN_UP(bytes, SHADOW_GRANULE), KASAN_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uintptr_t va, size_t bytes);
void __asan_unpoison_stack_memory(uintptr_t va, size_t bytes)
{
    kasan_open(va, bytes);
}

/* Large frames: fill so many bytes of the shadow. */
#define SET_SHADOW(value)                                                 \
    void __asan_set_shadow_##value(uintptr_t shadow, size_t bytes);       \
    void __asan_set_shadow_##value(uintptr_t shadow, size_t bytes)        \
    {                                                                     \
        fill((shadow - SHADOW_OFFSET) << SHADOW_SHIFT, bytes, 0x##value); \
    }
SET_SHADOW(00)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)

void __asan_register_globals(const struct kasan_global *globals, size_t n);
void __asan_register_globals(const struct kasan_global *globals, size_t n)
{
    for (const struct kasan_global *global = globals; global < globals + n; global++) {
        size_t whole = ALIGN_UP(global->bytes, SHADOW_GRANULE);
        kasan_close(global->start + whole, global->bytes_with_red_zone - whole, KASAN_GLOBAL);
        kasan_open(global->start, global->bytes);
    }
    kasan_add_globals(globals, n);
}

/* The kernel is never unloaded. */
void __asan_unregister_globals(const struct kasan_global *globals, size_t n);
void __asan_unregister_globals(const struct kasan_global *globals, size_t n)
{
    (void)globals, (void)n;
}
