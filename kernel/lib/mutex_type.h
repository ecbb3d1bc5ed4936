/*
 * mutex - the layout of a sleeping lock with an owner; proc/mutex.h has its operations.
 *
 * Apart from them, so that what is protected by such a lock need not know of processes.
 */
#ifndef LIB_MUTEX_TYPE_H
#define LIB_MUTEX_TYPE_H

#include <stdbool.h>

#include "check/locks.h"
#include "lib/list.h"

struct mutex {
    const void *owner;        /* the process that holds it, or NULL */
    struct list_node waiters; /* processes that sleep until it is free */
    struct lock_note note;    /* checking builds only */
};

/* A mutex that is ready before any code runs: static struct mutex writing = MUTEX_INIT(writing); */
#define MUTEX_INIT(mutex)                                                     \
    {                                                                         \
        .waiters = LIST_INIT((mutex).waiters), .note = LOCK_NOTE_INIT(#mutex) \
    }

/* Makes a mutex; all that are made at one place are of one class, named by the argument's text. */
#define mutex_init(mutex)                       \
    do {                                        \
        (mutex)->owner = NULL;                  \
        list_init(&(mutex)->waiters);           \
        LOCK_NOTE_MAKE(&(mutex)->note, #mutex); \
    } while (0)

static inline bool mutex_is_held(const struct mutex *mutex)
{
    return mutex->owner != NULL;
}

#endif
