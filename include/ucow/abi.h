/* SPDX-License-Identifier: MIT */
/*
 * abi - the constants and structures that user programs share with the kernel.
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
#define USER_STACK_BASE (USERTOP - USER_STACK_PAGES * PAGE_SIZE) /* the page below is a guard page */

/* Timer ticks per second, the unit of sleep() and gettime(). */
#define TICK_HZ 100

/* setpriority(): a process's share of the CPU, for the policies that have shares (-Dsched=). */
#define PRIORITY_MAX 1000u

/* clone() flags. */
#define CLONE_VM 0x100u /* share the memory instead of copying it */

/* Modes of the terminal, tcsetmode(). At boot: KEYS and STATUS; a first program for Linux gets USUAL, and the
 * shell gives it to the programs that it runs. */
#define TERM_LINES \
    1u /* a read returns a line that was edited and completed (canonical mode); else any bytes */
#define TERM_ECHO 2u    /* with LINES: what is typed is shown when it is read */
#define TERM_KEYS 4u    /* ^C and ^\ kill the foreground group; else they are bytes */
#define TERM_STATUS 8u  /* ^T prints all processes; else it is a byte */
#define TERM_REDRAW 16u /* a read returns 0 when another process has ended the reader's unfinished line */
#define TERM_USUAL (TERM_LINES | TERM_ECHO | TERM_KEYS | TERM_STATUS)

/* waitany() flag: do not wait. Spelled as in Linux, which host tests include. */
#define WNOHANG 1

/* mmap() rights and flags. The values are those of Linux. */
#define PROT_NONE 0u
#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u
#define MAP_SHARED 1u
#define MAP_PRIVATE 2u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u

/* Regions that an address space can have. mmap() and munmap() return -E_NO_MEM if there would be more, and
 * brk() moves nothing: the kernel never keeps more for a process, and never has more to do at once. */
#define REGIONS_MAX 65530u

/* exec() limits: the number of arguments, and their total size with NULs. Exceeding either is -E_TOO_BIG. */
#define EXEC_MAX_ARGS 64
#define EXEC_MAX_BYTES 4096

/* Size of a process or program name in bytes, including the NUL. */
#define PROC_NAME_SIZE 32

/* Generated from enums.def: process states, exit reasons, and the kinds of failure that inject() causes. */
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

/* A process, as reported by procs(). */
struct proc_info {
    int pid;
    int parent;
    unsigned state;       /* enum proc_state */
    unsigned killed;      /* 1 if it was killed but has not exited yet */
    int exit_code;        /* valid in ZOMBIE */
    unsigned exit_reason; /* enum exit_reason; valid in ZOMBIE */
    unsigned pages;       /* user pages in memory or in swap */
    unsigned runs;        /* number of times it was scheduled */
    char name[PROC_NAME_SIZE];
    unsigned linux_calls; /* 1 if its program makes the system calls of Linux (docs/linux.md) */
};

/* System memory, as reported by meminfo(). Units are pages unless noted. */
struct mem_info {
    unsigned total;      /* frames the kernel manages */
    unsigned free;       /* free frames */
    unsigned user;       /* private pages of processes */
    unsigned pgtables;   /* page directories and tables */
    unsigned kstacks;    /* kernel stacks */
    unsigned cache;      /* cached pages of program files */
    unsigned heap;       /* pages of the kernel heap */
    unsigned heap_bytes; /* bytes allocated from the kernel heap */
    unsigned processes;  /* number of processes, including zombies */
    unsigned shared;     /* pages of shared mappings */
    unsigned swap_total; /* capacity of the swap disk; 0 if there is none */
    unsigned swap_free;  /* free swap slots */
    unsigned swap_in;    /* pages read from swap since boot */
    unsigned swap_out;   /* pages written to swap since boot */
};

/* An account of the kernel's ledger, as reported by ledger(). */
#define LEDGER_NAME_SIZE 48
struct ledger_info {
    char name[LEDGER_NAME_SIZE]; /* what is counted, as in the ledger's messages */
    unsigned held;               /* current count, including caches */
    unsigned base;               /* count before the first program, excluding caches */
};

/* The pages of a process, as reported by pages(). Their sum is `pages` of its struct proc_info. */
struct page_counts {
    unsigned private; /* in memory; no other process has the page, in memory or in swap */
    unsigned shared;  /* shared with other processes: copy-on-write, by a shared page table, read-only, or
                         MAP_SHARED */
    unsigned swapped; /* in swap */
    unsigned cache;   /* cached pages of the program file */
};

/* A program of the boot archive or a boot module, as reported by programs(). */
struct program_info {
    char name[PROC_NAME_SIZE];
    unsigned bytes; /* of its file */
};

/* inject() */
#define INJECT_ONWARDS 1u /* flag: the nth and all later ones fail */

#endif
