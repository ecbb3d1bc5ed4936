/*
 * mutex - the layout of a sleeping lock with an owner; proc/mutex.h has its operations.
 *
 * Apart from them, so that what is protected by such a lock need not know of processes.
 */
#ifndef LIB_MUTEX_H
#define LIB_MUTEX_H

#include <stdbool.h>

#include "lib/list.h"

struct mutex {
    const void *owner;        /* the process that holds it, or NULL */
    struct list_node waiters; /* processes that sleep until it is free */
};

static inline void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
    list_init(&mutex->waiters);
}

static inline bool mutex_is_held(const struct mutex *mutex)
{
    return mutex->owner != NULL;
}

#endif
