/* SPDX-License-Identifier: MIT */
/*
 * life - life.def in C, for the program that SPIN generates from protocol.pml.
 */
#ifndef MODEL_LIFE_H
#define MODEL_LIFE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum life_event {
    LIFE_fork,
    LIFE_start,
    LIFE_pick,
    LIFE_run,
    LIFE_yield,
    LIFE_enter,
    LIFE_sleep_wait,
    LIFE_sleep_event,
    LIFE_sleep_lock,
    LIFE_sleep_with_zombie,
    LIFE_block,
    LIFE_wake,
    LIFE_unblock,
    LIFE_zombie_child,
    LIFE_kill,
    LIFE_adopt,
    LIFE_exit,
    LIFE_die,
    LIFE_remove,
    LIFE_reap,
    LIFE_EVENTS
};

/* A transition that is not in the table leads to the state `nowhere`. */
#define LIFE_ARROW(from, event, to)
#define LIFE_STATE(name, kind) LIFE_AT_##name,
enum life_state {
#include "life.def"
    LIFE_AT_nowhere
};
#undef LIFE_STATE
#define LIFE_STATE(name, kind) #name,
static const char *const life_names[] = {
#include "life.def"
};
#undef LIFE_STATE
#define LIFE_settled 1
#define LIFE_passing 0
#define LIFE_STATE(name, kind) LIFE_##kind,
static const unsigned char life_is_settled[] = {
#include "life.def"
};
#undef LIFE_STATE
#undef LIFE_ARROW

/* The target state of each transition, plus one; 0: there is none. */
#define LIFE_STATE(name, kind)
#define LIFE_ARROW(from, event, to) [LIFE_AT_##from][LIFE_##event] = LIFE_AT_##to + 1,
static const unsigned char life_arrows[LIFE_AT_nowhere][LIFE_EVENTS] = {
#include "life.def"
};
#undef LIFE_STATE
#undef LIFE_ARROW

/* The number in the environment variable `name`, or `otherwise` if it is not set. */
static inline unsigned char life_setting(const char *name, unsigned char otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned char)atoi(text) : otherwise;
}

/* The state after `event`; nowhere is never left. Prints each transition the first time it is taken. */
static inline unsigned char life_next(unsigned at, enum life_event event, const char *name)
{
    static bool seen[LIFE_AT_nowhere][LIFE_EVENTS];
    unsigned char to = at < LIFE_AT_nowhere ? life_arrows[at][event] : 0;
    if (at == LIFE_AT_nowhere)
        return LIFE_AT_nowhere;
    if (to == 0) {
        printf("no arrow: %s %s\n", life_names[at], name);
        return LIFE_AT_nowhere;
    }
    if (!seen[at][event]) {
        seen[at][event] = true;
        printf("arrow: %s %s %s\n", life_names[at], name, life_names[to - 1]);
    }
    return to - 1;
}

/* Whether no process is in a passing state. True as well once a process is `nowhere`, which was reported. */
static inline bool life_all_settled(const unsigned char *at, int n)
{
    for (int i = 0; i < n; i++)
        if (at[i] >= LIFE_AT_nowhere || !life_is_settled[at[i]])
            return at[i] == LIFE_AT_nowhere;
    return true;
}

static inline void life_violated(const char *property)
{
    printf("property: %s\n", property);
}

#endif
