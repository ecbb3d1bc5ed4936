/* SPDX-License-Identifier: MIT */
/*
 * mutex_type - the structure of a sleeping lock with an owner; proc/mutex.h has its operations.
 *
 * It is separate from them, so that structures of lower layers can contain such a lock.
 */
#ifndef LIB_MUTEX_TYPE_H
#define LIB_MUTEX_TYPE_H

#include <stdbool.h>

#include "check/hooks.h"
#include "lib/list.h"

struct mutex {
    const void *owner;        /* the process that holds it, or NULL */
    struct list_node waiters; /* processes that sleep until it is released */
    struct lock_check check;  /* checking builds only */
};

/* Initialiser of a static mutex: static struct mutex writing = MUTEX_INIT(writing); */
#define MUTEX_INIT(mutex)                                                       \
    {                                                                           \
        .waiters = LIST_INIT((mutex).waiters), .check = LOCK_CHECK_INIT(#mutex) \
    }

/* Initialise a mutex. All mutexes initialised by one call are of one lock class, named by the argument's
 * text. */
#define mutex_init(mutex)                         \
    do {                                          \
        (mutex)->owner = NULL;                    \
        list_init(&(mutex)->waiters);             \
        LOCK_CHECK_MAKE(&(mutex)->check, #mutex); \
    } while (0)

/* Whether a process holds it; for assertions. */
static inline bool mutex_is_held(const struct mutex *mutex)
{
    return mutex->owner != NULL;
}

#endif
