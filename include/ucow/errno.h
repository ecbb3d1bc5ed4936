/* SPDX-License-Identifier: MIT */
/*
 * errno - the error numbers of ucow.
 *
 * A system call returns 0 or a result on success and the negated error number on failure. The
 * numbers are those of the lab-5 kernels, because lab-5 programs rely on them.
 */
#ifndef UCOW_ERRNO_H
#define UCOW_ERRNO_H

/* X(name, number, text) */
#define UCOW_ERRORS(X)                          \
    X(E_UNSPECIFIED, 1, "unspecified error")    \
    X(E_BAD_PROC, 2, "bad process")             \
    X(E_INVAL, 3, "invalid parameter")          \
    X(E_NO_MEM, 4, "out of memory")             \
    X(E_NO_FREE_PROC, 5, "out of processes")    \
    X(E_FAULT, 6, "segmentation fault")         \
    X(E_SWAP_FAULT, 7, "swap fault")            \
    X(E_INVAL_ELF, 8, "invalid elf file")       \
    X(E_KILLED, 9, "process is killed")         \
    X(E_PANIC, 10, "panic failure")             \
    X(E_TIMEOUT, 11, "timeout")                 \
    X(E_TOO_BIG, 12, "too big")                 \
    X(E_NO_DEV, 13, "no such device")           \
    X(E_NA_DEV, 14, "device not available")     \
    X(E_BUSY, 15, "busy")                       \
    X(E_NOENT, 16, "no such file or directory") \
    X(E_ISDIR, 17, "is a directory")            \
    X(E_NOTDIR, 18, "not a directory")          \
    X(E_XDEV, 19, "cross device link")          \
    X(E_UNIMP, 20, "unimplemented feature")     \
    X(E_SEEK, 21, "illegal seek")               \
    X(E_MAX_OPEN, 22, "too many open files")    \
    X(E_EXISTS, 23, "exists")                   \
    X(E_NOTEMPTY, 24, "not empty")

enum ucow_error {
#define X(name, number, text) name = number,
    UCOW_ERRORS(X)
#undef X
        E_LAST = E_NOTEMPTY
};

#endif
