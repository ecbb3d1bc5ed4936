/* SPDX-License-Identifier: MIT */
/*
 * kasan - changes the shadow, and has the functions that instrumented code calls.
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

/* False during boot, and while a report is printed. */
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
    memset(shadow_of(va), value, granules); /* the unchecked one: kernel/meson.build */
}

void kasan_unpoison(uintptr_t va, size_t bytes)
{
    fill(va, bytes / SHADOW_GRANULE, 0);
    if (bytes % SHADOW_GRANULE != 0)
        *shadow_of(va + bytes) = (int8_t)(bytes % SHADOW_GRANULE);
}

void kasan_poison(uintptr_t va, size_t bytes, enum kasan_shadow why)
{
    fill(va, bytes / SHADOW_GRANULE, (uint8_t)why);
}

uint8_t kasan_state(uintptr_t va)
{
    return (uint8_t)*shadow_of(va);
}

static inline bool is_poisoned(uintptr_t va)
{
    int8_t shadow = *shadow_of(va);
    return shadow != 0 && (int8_t)(va % SHADOW_GRANULE) >= shadow;
}

/* The first poisoned byte of the range, or 0. */
static uintptr_t first_poisoned(uintptr_t va, size_t bytes)
{
    for (uintptr_t end = va + bytes; va < end; va = ALIGN_DOWN(va, SHADOW_GRANULE) + SHADOW_GRANULE) {
        int8_t shadow = *shadow_of(va);
        if (shadow == 0)
            continue;
        uintptr_t last = MIN(end - 1, va | (SHADOW_GRANULE - 1));
        if (is_poisoned(last))
            return is_poisoned(va) ? va : ALIGN_DOWN(va, SHADOW_GRANULE) + (uintptr_t)shadow;
    }
    return 0;
}

static _Noreturn void report_access(struct kasan_access *access)
{
    checking = false;
    kasan_report_access(access);
}

/* `caller` is the return address of the function that instrumented code called. */
static inline void check(uintptr_t va, size_t bytes, bool write, uintptr_t caller)
{
    if (!checking || va < KERNBASE || bytes == 0)
        return; /* user memory has no shadow */
    uintptr_t bad = bytes == 1 ? (is_poisoned(va) ? va : 0) : first_poisoned(va, bytes);
    if (bad != 0)
        report_access(&(struct kasan_access){va, bad, bytes, write, caller});
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void kasan_check(const void *va, size_t bytes, bool write, uintptr_t caller)
{
    check((uintptr_t)va, bytes, write, caller);
}

void kasan_report(const char *why, uintptr_t va, uintptr_t caller)
{
    checking = false;
    kasan_report_other(why, va, caller);
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

/* Frames that are left this way stay poisoned until kstack_alloc() unpoisons the stack. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}

/* A variable's block is left, or entered again. */
void __asan_poison_stack_memory(uintptr_t va, size_t bytes);
void __asan_poison_stack_memory(uintptr_t va, size_t bytes)
{
    kasan_poison(va, ALIGN_UP(bytes, SHADOW_GRANULE), KASAN_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uintptr_t va, size_t bytes);
void __asan_unpoison_stack_memory(uintptr_t va, size_t bytes)
{
    kasan_unpoison(va, bytes);
}

/* In functions with large frames: fill `bytes` bytes of the shadow. */
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
        kasan_poison(global->start + whole, global->bytes_with_red_zone - whole, KASAN_GLOBAL);
        kasan_unpoison(global->start, global->bytes);
    }
    kasan_add_globals(globals, n);
}

/* The kernel is never unloaded. */
void __asan_unregister_globals(const struct kasan_global *globals, size_t n);
void __asan_unregister_globals(const struct kasan_global *globals, size_t n)
{
    (void)globals, (void)n;
}
