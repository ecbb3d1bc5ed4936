/* SPDX-License-Identifier: MIT */
/*
 * layout - the numbers and layouts a user program shares with the kernel.
 */
#ifndef UCOW_ABI_H
#define UCOW_ABI_H

#define PAGE_SIZE 4096u
#define PAGE_SHIFT 12

/* User space: [USERBASE, USERTOP). Programs are linked at USER_TEXT; the stack is at the top. */
#define USERBASE 0x00200000u
#define USERTOP 0xB0000000u
#define USER_TEXT 0x00800020u
#define USER_STACK_PAGES 256u
#define USER_STACK_BASE (USERTOP - USER_STACK_PAGES * PAGE_SIZE) /* the page below it stays empty */

/* Timer ticks a second: sleep() and gettime() count in these. */
#define TICK_HZ 100

/* clone() flags. */
#define CLONE_VM 0x100u /* share the memory instead of copying it */

/* mmap() rights and flags, with Linux's numbers. */
#define PROT_NONE 0u
#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u
#define MAP_SHARED 1u
#define MAP_PRIVATE 2u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u

/* exec(): the most arguments, and the most bytes of them with their NULs. Beyond: -E_TOO_BIG. */
#define EXEC_MAX_ARGS 64
#define EXEC_MAX_BYTES 4096

/* Bytes of a process's or program's name, with its NUL. */
#define PROC_NAME_SIZE 32

/* Declared in enums.def: the states of a process, the reasons why it ended, what inject() can make fail. */
enum proc_state {
#define PROC_STATE(NAME, next) PROC_##NAME,
#include <ucow/enums.def>
    PROC_STATES
};

enum exit_reason {
#define EXIT_REASON(NAME, name) EXIT_##NAME,
#include <ucow/enums.def>
    EXIT_REASONS
};

enum inject_kind {
#define INJECT_KIND(NAME, name, error, gates) INJECT_##NAME,
#include <ucow/enums.def>
    INJECT_KINDS
};

/* A process, as procs() tells it. */
struct proc_info {
    int pid;
    int parent;
    unsigned state;       /* enum proc_state */
    unsigned killed;      /* 1 when it has been told to die */
    int exit_code;        /* meaningful in ZOMBIE */
    unsigned exit_reason; /* enum exit_reason; meaningful in ZOMBIE */
    unsigned pages;       /* user pages mapped now, or on the disk */
    unsigned runs;        /* times it was given the CPU */
    char name[PROC_NAME_SIZE];
};

/* The machine's memory, as meminfo() tells it, in pages unless it says otherwise. */
struct mem_info {
    unsigned total;      /* frames the kernel manages */
    unsigned free;       /* of them, free */
    unsigned user;       /* private pages of processes */
    unsigned pgtables;   /* page directories and tables */
    unsigned kstacks;    /* kernel stacks */
    unsigned cache;      /* pages of programs kept for the next exec */
    unsigned heap;       /* pages of the kernel heap */
    unsigned heap_bytes; /* bytes handed out by the kernel heap */
    unsigned processes;  /* processes alive, zombies included */
    unsigned shared;     /* pages that processes share on purpose */
    unsigned swap_total; /* pages the swap disk has room for; 0: there is none */
    unsigned swap_free;  /* of them, free */
    unsigned swap_in;    /* pages read from it since boot */
    unsigned swap_out;   /* pages written to it since boot */
};

/* An account of the kernel's ledger, as ledger() tells it. */
#define LEDGER_NAME_SIZE 48
struct ledger_info {
    char name[LEDGER_NAME_SIZE]; /* of what is counted, as the check at the end says it */
    unsigned held;               /* now, with what is only kept for speed */
    unsigned base;               /* before the first program, without it */
};

/* The pages of a process, as pages() tells them; together they are its struct proc_info's `pages`. */
struct page_counts {
    unsigned private; /* mapped by this process alone, in memory or on the disk */
    unsigned shared;  /* others have them, too: until written, read-only, or on purpose */
    unsigned swapped; /* on the disk */
    unsigned cache;   /* of its program's file */
};

/* inject() */
#define INJECT_ONWARDS 1u /* flag: not only the nth, but all from then on */

#endif
