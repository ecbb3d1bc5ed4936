/* SPDX-License-Identifier: MIT */
/*
 * rename - gives functions of the kernel other names on the host.
 *
 * Every kernel file is compiled with `-include rename.h`, so kernel code calls ucow's memcpy and snprintf,
 * while the tests, the C library and the sanitizers use the C library's. A test whose subject is one of these
 * functions includes it too, after the C library's headers.
 */
#ifndef RENAME_H
#define RENAME_H

#define memcpy ucow_memcpy
#define memmove ucow_memmove
#define memset ucow_memset
#define memcmp ucow_memcmp
#define strlen ucow_strlen
#define strnlen ucow_strnlen
#define strcmp ucow_strcmp
#define strncmp ucow_strncmp
#define strchr ucow_strchr
#define strlcpy ucow_strlcpy
#define snprintf ucow_snprintf
#define vsnprintf ucow_vsnprintf
#ifndef UNIT_LINUX_CALLS             /* whose list has the name */
#define sched_yield ucow_sched_yield /* the sanitizers call the C library's */
#endif

#endif
