/* SPDX-License-Identifier: MIT */
/*
 * usercopy - copies bytes to and from user memory; nothing else in the kernel accesses it.
 *
 * A user's address may be wrong; struct uaddr keeps it from being used as a pointer. Each function checks the
 * range and then accesses it: page faults are served, and COW is broken, as if the program itself had made
 * the access. May sleep: the caller holds no spinlock and not the mm's lock.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include <stddef.h>
#include <stdint.h>

struct uaddr {
    uintptr_t va;
};

static inline struct uaddr uaddr_plus(struct uaddr at, size_t offset)
{
    return (struct uaddr){at.va + offset};
}

/* Return 0; -E_INVAL if part of the range is not user memory or does not allow the access; -E_NO_MEM if there
 * is no frame for it. On an error the bytes before that part may have been copied. */
int copy_from_user(void *to, struct uaddr from, size_t n);
int copy_to_user(struct uaddr to, const void *from, size_t n);

/* Check that all n bytes can be read. Returns 0 or an error as above, or -E_KILLED if the caller was killed
 * at a point (point.h). For calls that must not stop halfway. */
int probe_user(struct uaddr from, size_t n);

/* Copy a string with its NUL into `size` bytes. Returns its length; -E_TOO_BIG if there is no NUL among them;
 * -E_INVAL or -E_NO_MEM as above. */
int copy_string_from_user(char *to, struct uaddr from, size_t size);

#endif
