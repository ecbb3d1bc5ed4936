/* SPDX-License-Identifier: MIT */
/*
 * linux - the numbers and layouts of Linux's i386 ABI that the kernel uses (Linux's uapi headers; System V
 * i386 ABI for the auxiliary vector). Names begin with LINUX_, because host tests include the host's own.
 */
#ifndef UCOW_LINUX_H
#define UCOW_LINUX_H

#include <stdint.h>

/* A program whose lowest segment is at this address or above runs with Linux's system calls; one below, with
 * those of syscalls.def. It is where GNU ld has placed programs for Linux on the i386 since its beginning. */
#define LINUX_BASE 0x08048000u

/* In traces, the number of a system call of Linux is that of linux.def, and this. */
#define LINUX_TRACED 0x10000u

/* Error numbers. X(NAME, number) */
#define LINUX_ERRORS(X) \
    X(EPERM, 1)         \
    X(ENOENT, 2)        \
    X(ESRCH, 3)         \
    X(EINTR, 4)         \
    X(EIO, 5)           \
    X(E2BIG, 7)         \
    X(ENOEXEC, 8)       \
    X(EBADF, 9)         \
    X(ECHILD, 10)       \
    X(EAGAIN, 11)       \
    X(ENOMEM, 12)       \
    X(EFAULT, 14)       \
    X(EINVAL, 22)       \
    X(ENOTTY, 25)       \
    X(ENAMETOOLONG, 36) \
    X(ENOSYS, 38)       \
    X(ETIMEDOUT, 110)

enum linux_error {
#define X(NAME, number) LINUX_##NAME = (number),
    LINUX_ERRORS(X)
#undef X
};

/* Signals. Those without a name here have the same default action: they end the process. */
#define LINUX_SIGILL 4
#define LINUX_SIGTRAP 5
#define LINUX_SIGBUS 7
#define LINUX_SIGFPE 8
#define LINUX_SIGKILL 9
#define LINUX_SIGSEGV 11
#define LINUX_SIGCHLD 17
#define LINUX_SIGCONT 18
#define LINUX_SIGSTOP 19
#define LINUX_SIGTSTP 20
#define LINUX_SIGTTIN 21
#define LINUX_SIGTTOU 22
#define LINUX_SIGURG 23
#define LINUX_SIGWINCH 28
#define LINUX_SIGNALS 64 /* the highest number */

#define LINUX_SIG_DFL 0u
#define LINUX_SIG_IGN 1u

/* rt_sigprocmask() */
#define LINUX_SIG_BLOCK 0
#define LINUX_SIG_UNBLOCK 1
#define LINUX_SIG_SETMASK 2

struct linux_sigaction {
    uint32_t handler, flags, restorer;
    uint32_t mask[2];
};

/* wait4() */
#define LINUX_WNOHANG 1u
#define LINUX_WUNTRACED 2u
#define LINUX_WCONTINUED 8u
#define LINUX_WNOTHREAD 0x20000000u
#define LINUX_WALL 0x40000000u
#define LINUX_WCLONE 0x80000000u
#define LINUX_RUSAGE_BYTES 72

/* waitid() */
#define LINUX_P_ALL 0
#define LINUX_P_PID 1
#define LINUX_P_PGID 2
#define LINUX_WEXITED 4u
#define LINUX_WNOWAIT 0x01000000u
#define LINUX_CLD_EXITED 1
#define LINUX_CLD_KILLED 2

/* What waitid() writes of its siginfo_t. */
struct linux_siginfo {
    uint32_t signal, error, code;
    int32_t pid;
    uint32_t uid, status;
};

/* clone() */
#define LINUX_CSIGNAL 0xFFu
#define LINUX_CLONE_VM 0x100u
#define LINUX_CLONE_FS 0x200u
#define LINUX_CLONE_FILES 0x400u
#define LINUX_CLONE_SIGHAND 0x800u
#define LINUX_CLONE_VFORK 0x4000u
#define LINUX_CLONE_THREAD 0x10000u
#define LINUX_CLONE_SYSVSEM 0x40000u
#define LINUX_CLONE_SETTLS 0x80000u
#define LINUX_CLONE_PARENT_SETTID 0x100000u
#define LINUX_CLONE_CHILD_CLEARTID 0x200000u
#define LINUX_CLONE_DETACHED 0x400000u
#define LINUX_CLONE_CHILD_SETTID 0x1000000u

/* futex() */
#define LINUX_FUTEX_WAIT 0u
#define LINUX_FUTEX_WAKE 1u
#define LINUX_FUTEX_REQUEUE 3u
#define LINUX_FUTEX_CMP_REQUEUE 4u
#define LINUX_FUTEX_WAIT_BITSET 9u
#define LINUX_FUTEX_WAKE_BITSET 10u
#define LINUX_FUTEX_PRIVATE 0x80u
#define LINUX_FUTEX_CLOCK_REALTIME 0x100u
#define LINUX_FUTEX_ANY 0xFFFFFFFFu /* the bit set of all waits */

/* mmap(): flags that decide something; Linux ignores those that it does not know, and ucow hints. */
#define LINUX_MAP_FLAGS 0x3Fu
#define LINUX_MAP_HUGETLB 0x40000u /* there are no large pages */

/* set_thread_area(): entry_number, base_addr, limit, and bits. */
struct linux_user_desc {
    uint32_t entry, base, limit, bits;
};
#define LINUX_TLS_ENTRY 12u  /* the first that a 64-bit Linux gives to 32-bit programs */
#define LINUX_TLS_FLAT 0x51u /* 32 bit, a limit in pages, for use; contents 0: data; present; writable */

/* fcntl() */
#define LINUX_F_GETFD 1u
#define LINUX_F_GETFL 3u
#define LINUX_O_RDWR 2

/* ioctl() */
#define LINUX_TCGETS 0x5401u
#define LINUX_TIOCGWINSZ 0x5413u

struct linux_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19];
};

struct linux_winsize {
    uint16_t rows, columns, x, y;
};

struct linux_iovec {
    uint32_t base, length;
};
#define LINUX_IOV_MAX 1024

/* fstat64() */
struct linux_stat64 {
    uint64_t dev;
    uint32_t pad0, ino_low, mode, nlink, uid, gid;
    uint64_t rdev;
    uint32_t pad1;
    int64_t size;
    uint32_t blksize;
    uint64_t blocks;
    uint32_t times[6];
    uint64_t ino;
} __attribute__((packed));
_Static_assert(sizeof(struct linux_stat64) == 96, "as in Linux's asm/stat.h");
#define LINUX_S_IFCHR 0x2000u

/* statx() */
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100u
#define LINUX_AT_NO_AUTOMOUNT 0x800u
#define LINUX_AT_EMPTY_PATH 0x1000u
#define LINUX_AT_SYNC_TYPE 0x6000u /* two bits, of which one may be set */
#define LINUX_STATX_BASIC_STATS 0x7FFu
#define LINUX_STATX_RESERVED 0x80000000u

struct linux_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad;
    uint64_t ino, size, blocks, attributes_mask;
    uint32_t times[16];
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mount, spare[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "as in Linux's linux/stat.h");

/* uname() */
#define LINUX_UTS_BYTES 65
struct linux_utsname {
    char sysname[LINUX_UTS_BYTES], nodename[LINUX_UTS_BYTES], release[LINUX_UTS_BYTES],
        version[LINUX_UTS_BYTES], machine[LINUX_UTS_BYTES], domainname[LINUX_UTS_BYTES];
};

/* sysinfo() */
struct linux_sysinfo {
    uint32_t uptime, loads[3];
    uint32_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap; /* in `unit` bytes */
    uint16_t processes, pad;
    uint32_t total_high, free_high, unit, rest[2];
};
_Static_assert(sizeof(struct linux_sysinfo) == 64, "as in Linux's linux/sysinfo.h");

/* clock_gettime() */
#define LINUX_CLOCK_REALTIME 0
#define LINUX_CLOCK_MONOTONIC 1
#define LINUX_CLOCK_BOOTTIME 7 /* with the coarse and raw ones between: all are the time since boot */
#define LINUX_TIMER_ABSTIME 1

/* The auxiliary vector. */
#define LINUX_AT_NULL 0
#define LINUX_AT_PHDR 3
#define LINUX_AT_PHENT 4
#define LINUX_AT_PHNUM 5
#define LINUX_AT_PAGESZ 6
#define LINUX_AT_ENTRY 9
#define LINUX_AT_UID 11
#define LINUX_AT_EUID 12
#define LINUX_AT_GID 13
#define LINUX_AT_EGID 14
#define LINUX_AT_CLKTCK 17
#define LINUX_AT_SECURE 23
#define LINUX_AT_RANDOM 25
#define LINUX_RANDOM_BYTES 16

#endif
