/* SPDX-License-Identifier: MIT */
/*
 * exec - build a new address space beside the old one, then switch to it.
 *
 * The new stack, from USERTOP down: the strings; for a program for Linux 16 random bytes; then, 16-aligned as
 * the System V i386 ABI requires at entry, argc, argv[], NULL, the environment, NULL, and the auxiliary
 * vector, which is empty for a program of ucow.
 */
#include "proc/exec.h"

#include <ucow/elf.h>
#include <ucow/errno.h>
#include <ucow/linux.h>

#include "lib/string.h"
#include "lib/util.h"
#include "mm/image.h"
#include "mm/mm.h"
#include "mm/mm_check.h"
#include "mm/page.h"
#include "proc/abi.h"
#include "proc/image_cache.h"
#include "proc/linux.h"
#include "proc/mutex.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"

#define FIXED_WORDS 5 /* argc, NULL after argv and after the environment, AT_NULL and its value */

/* A program that is about to start. */
struct program {
    const char *name;
    struct image *image;
    const struct abi *abi;
    struct mm *mm;
    uintptr_t esp;
};

/* Copy bytes to mapped pages of an address space that is not loaded. */
static void poke(struct mm *mm, uintptr_t va, const void *from, size_t n)
{
    const char *bytes = from;
    for (size_t part; n > 0; va += part, bytes += part, n -= part) {
        char *page = phys_to_virt(pte_frame(*pte_find(mm->pgdir, va)));
        part = MIN(n, PAGE_SIZE - va % PAGE_SIZE);
        memcpy(page + va % PAGE_SIZE, bytes, part);
    }
}

static void poke_word(struct mm *mm, uintptr_t va, uint32_t word)
{
    poke(mm, va, &word, sizeof(word));
}

/* Map memory at the pages from `bottom` to USERTOP. Returns 0; -E_NO_MEM. */
static int touch_stack(struct mm *mm, uintptr_t bottom)
{
    for (uintptr_t va = ALIGN_DOWN(bottom, PAGE_SIZE); va < USERTOP; va += PAGE_SIZE) {
        enum mm_outcome outcome = mm_fault(mm, va, true);
        RULE(outcome != MM_SEGV, "page 0x%08x of the new stack of pid %d cannot be written: VM_WRITE",
             (unsigned)va, current->pid);
        if (outcome != MM_FILL)
            return -E_NO_MEM;
    }
    return 0;
}

/* Write the addresses of `n` strings from number `first` on, and NULL. Returns where the next word goes. */
static uintptr_t poke_strings(struct mm *mm, uintptr_t va, const struct exec_args *args, int first, int n)
{
    uintptr_t strings = USERTOP - ALIGN_UP(args->bytes, 16u);
    for (int i = first; i < first + n; i++, va += 4)
        poke_word(mm, va, (uint32_t)(strings + args->start[i]));
    return va + 4; /* NULL is 0 already */
}

/* Write what only a program for Linux has, its environment at `va` and the auxiliary vector, and the random
 * bytes that end at `strings`. */
FOR_LINUX static void poke_linux(struct mm *mm, uintptr_t va, const struct image *image,
                                 const struct exec_args *args, uintptr_t strings)
{
    uint32_t words[LINUX_AUXV_WORDS];
    char random[LINUX_RANDOM_BYTES];
    uintptr_t random_at = strings - sizeof(random);
    linux_random(random, sizeof(random));
    poke(mm, random_at, random, sizeof(random));
    va = poke_strings(mm, va, args, args->argc, args->envc);
    poke(mm, va, words, 4 * linux_auxv(image, random_at, words));
}

/* Map the stack and write its first words. Returns 0 and the initial *esp; -E_NO_MEM. */
static int build_stack(struct mm *mm, const struct program *program, const struct exec_args *args,
                       uintptr_t *esp)
{
    bool for_linux = abi_is_linux(program->abi);
    uintptr_t strings = USERTOP - ALIGN_UP(args->bytes, 16u);
    uintptr_t more = for_linux ? LINUX_RANDOM_BYTES + 4 * LINUX_AUXV_WORDS : 0;
    uintptr_t n = (uintptr_t)(args->argc + args->envc) + FIXED_WORDS;
    uintptr_t bottom = ALIGN_DOWN(strings - 4 * n - more, 16u);
    const struct vma stack = {.start = USER_STACK_BASE, .end = USERTOP, .flags = VM_READ | VM_WRITE};
    int error = mm_map(mm, &stack);
    if (error == 0)
        error = touch_stack(mm, bottom);
    if (error != 0)
        return error;

    /* LAB 2 begin: build_stack */
    poke(mm, strings, args->strings, args->bytes);
    poke_word(mm, bottom, (uint32_t)args->argc);
    uintptr_t va = poke_strings(mm, bottom + 4, args, 0, args->argc);
    if (for_linux) /* else the environment and the vector are empty: 0 already */
        poke_linux(mm, va, program->image, args, strings);
    *esp = bottom;
    return 0;
    /* LAB 2 end */
}

/* Returns a new address space with the program and its stack; NULL and *error. */
static struct mm *load_icode(const struct program *program, const struct exec_args *args, uintptr_t *esp,
                             int *error)
{
    /* LAB 2 begin: load_icode */
    *error = -E_NO_MEM;
    struct mm *mm = mm_new(program->image->object.lineage);
    if (mm == NULL)
        return NULL;
    mutex_lock(&mm->lock);
    *error = image_map(program->image, mm);
    if (*error == 0)
        *error = build_stack(mm, program, args, esp);
    mutex_unlock(&mm->lock);
    if (*error == 0)
        return mm;
    mm_drop(mm);
    return NULL;
    /* LAB 2 end */
}

/* The byte at `va` of an address space that is not loaded; -1: nothing is mapped. */
static int peek(struct mm *mm, uintptr_t va)
{
    const pte_t *pte = va < USERTOP ? pte_find(mm->pgdir, va) : NULL;
    if (pte == NULL || !pte_present(*pte))
        return -1;
    return ((const uint8_t *)phys_to_virt(pte_frame(*pte)))[va % PAGE_SIZE];
}

/* The word at `va`, which is aligned, of such an address space. */
static uint32_t peek_word(struct mm *mm, uintptr_t va)
{
    const pte_t *pte = pte_find(mm->pgdir, va);
    return ((const uint32_t *)phys_to_virt(pte_frame(*pte)))[va % PAGE_SIZE / 4];
}

/* Check where a new program starts, and what it finds on its stack. */
static void check_start(const struct program *program, const struct exec_args *args)
{
    uintptr_t esp = program->esp;
    struct elf_header header;
    memcpy(&header, program->image->data, sizeof(header));
    RULE(program->image->entry == header.entry,
         "the entry of \"%s\" is 0x%08x in its file, but pid %d starts it at 0x%08x", program->name,
         (unsigned)header.entry, current->pid, (unsigned)program->image->entry);
    struct vma *stack = vma_at(&program->mm->vmas, USER_STACK_BASE);
    RULE(stack != NULL && stack->end == USERTOP,
         "the stack of pid %d \"%s\" is shorter than %u pages: nothing is mapped at 0x%08x", current->pid,
         program->name, (unsigned)USER_STACK_PAGES, (unsigned)USER_STACK_BASE);
    RULE(esp >= USER_STACK_BASE && esp % 4 == 0 && peek(program->mm, esp + 4) >= 0,
         "pid %d starts \"%s\" with esp 0x%08x, where argc and argv should be, but no memory is there",
         current->pid, program->name, (unsigned)esp);
    RULE((int)peek_word(program->mm, esp) == args->argc,
         "pid %d starts \"%s\" with %d arguments, but argc, the word at its esp 0x%08x, is %d", current->pid,
         program->name, args->argc, (unsigned)esp, (int)peek_word(program->mm, esp));
    RULE(args->argc == 0 ||
             peek(program->mm, peek_word(program->mm, esp + 4)) == args->strings[args->start[0]],
         "argv[0] of pid %d \"%s\" points to 0x%08x, where that name is not", current->pid, program->name,
         (unsigned)peek_word(program->mm, esp + 4));
}

/* Check a process that has just got a new program, and whether it `dropped` the memory of its old one. */
static void check_program(uintptr_t entry, uintptr_t esp, bool dropped)
{
    const struct trapframe *tf = proc_trapframe(current);
    mm_check(current->mm);
    RULE(dropped, "exec of \"%s\" by pid %d did not free the memory of its old program: mm_drop()",
         current->name, current->pid);
    RULE(!current->kernel, "pid %d starts \"%s\", but is still a kernel thread: current->kernel",
         current->pid, current->name);
    RULE(trap_from_user(tf) && tf->eip == entry && tf->esp == esp,
         "pid %d does not start \"%s\" at its entry: eip 0x%08x instead of 0x%08x, cs 0x%02x, esp 0x%08x",
         current->pid, current->name, (unsigned)tf->eip, (unsigned)entry, (unsigned)tf->cs,
         (unsigned)tf->esp);
    RULE(trap_frame_complete(tf),
         "pid %d starts \"%s\" with other registers than a new program: cs 0x%02x, ss 0x%02x, ds 0x%02x, "
         "es 0x%02x, eflags 0x%08x",
         current->pid, current->name, (unsigned)tf->cs, (unsigned)tf->ss, (unsigned)tf->ds, (unsigned)tf->es,
         (unsigned)tf->eflags);
    if (!rules_due())
        return;
    rules_running();
    if (current->abi->check != NULL)
        current->abi->check();
}

/* Switch the current process to `program`, whose state is `linux_state` if it is for Linux, and drop the old
 * one. Cannot fail. */
static void commit(const struct program *program, struct linux_proc *linux_state)
{
    struct mm *old = current->mm;
    uint32_t drops = mm_drop_count();
    /* LAB 2 begin: commit */
    current->mm = program->mm;
    mm_publish(program->mm);
    mmu_load(program->mm->pgdir);
    if (old != NULL)
        mm_drop(old);
    proc_fpu_drop(current);
    if (current->linux_state != NULL)
        linux_drop(current);
    current->linux_state = linux_state;
    current->abi = program->abi;
    proc_set_name(current, program->name);
    current->kernel = false;
    trap_frame_user(proc_trapframe(current), program->image->entry, program->esp);
    /* LAB 2 end */
    check_program(program->image->entry, program->esp, old == NULL || mm_drop_count() != drops);
}

/* Record the exec with as much of the program's name as a record has room for, the regions of the program,
 * and the entries of its stack, which begins at `esp`. */
static void trace_exec(uintptr_t esp)
{
    uint32_t name[4];
    if (!TRACE_IS_ON())
        return;
    memcpy(name, current->name, sizeof(name));
    TRACE(exec, current->pid, name[0], name[1], name[2], name[3]);
    struct mm *mm = current->mm;
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma))
        TRACE(map, vma->start, vma->end, vma->flags, (uintptr_t)vma->object);
    for (uintptr_t va = ALIGN_DOWN(esp, PAGE_SIZE); va < USERTOP; va += PAGE_SIZE)
        TRACE(page, va, *pte_find(mm->pgdir, va));
}

/* Make the state of a program with this ABI, if that is Linux's, and end the other threads of a process that
 * runs a program for Linux. Returns 0; -E_NO_MEM, -E_KILLED, and there is no state. */
FOR_LINUX static int prepare_linux(const struct abi *abi, struct linux_proc **state)
{
    if (abi_is_linux(abi) && (*state = linux_prepare()) == NULL)
        return -E_NO_MEM;
    if (current->linux_state == NULL || linux_end_others())
        return 0;
    if (*state != NULL)
        linux_free(*state);
    return -E_KILLED;
}

int do_execve(const char *name, const struct exec_args *args)
{
    struct program program = {.name = name};
    struct linux_proc *linux_state = NULL; /* it is for ucow */
    int error = image_cache_open(name, &program.image);
    if (error != 0)
        return error;
    program.abi = abi_of(program.image->segments[0].va);
    program.mm = load_icode(&program, args, &program.esp, &error);
    if (program.mm == NULL)
        goto undo_image;
    if (rules_due())
        check_start(&program, args);
    if (abi_is_linux(program.abi) || current->linux_state != NULL)
        error = prepare_linux(program.abi, &linux_state);
    if (error == 0) {
        commit(&program, linux_state);
        trace_exec(program.esp);
    } else {
        mm_drop(program.mm);
    }
undo_image:
    image_drop(program.image);
    return error;
}
