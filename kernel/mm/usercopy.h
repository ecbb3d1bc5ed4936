/*
 * usercopy - bytes to and from user memory, the only way there.
 *
 * A user's address is a claim; struct uaddr keeps it from being used as a pointer. Each function
 * checks the range and then tries: pages are brought in and COW is broken as if the program had
 * done the access itself. May sleep; no spinlock and not the mm's lock may be held.
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

/* 0; -E_INVAL when part of the range is not user memory or does not allow the access; -E_NO_MEM when
 * there is no frame for it. Bytes in front of that part may have been copied. */
int copy_from_user(void *to, struct uaddr from, size_t n);
int copy_to_user(struct uaddr to, const void *from, size_t n);

/* Whether all n bytes can be read: 0 or an error as above. So that nothing begins that cannot be finished. */
int probe_user(struct uaddr from, size_t n);

/* Copy a string with its NUL into `size` bytes: its length, -E_TOO_BIG when no NUL was found
 * among them, -E_INVAL as above. */
int copy_string_from_user(char *to, struct uaddr from, size_t size);

#endif
