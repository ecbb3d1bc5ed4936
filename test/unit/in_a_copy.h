/* SPDX-License-Identifier: MIT */
/*
 * in_a_copy - tests of what happens once in a run: each runs in a copy of the program, which nothing has
 * touched.
 *
 *     TEST_IN_A_COPY(init_starts_the_shell)
 *     {
 *         ...
 *     }
 */
#ifndef IN_A_COPY_H
#define IN_A_COPY_H

#include "unit.h"
#include "watch/assert.h"

#define TEST_IN_A_COPY(name)            \
    static void name##_in_a_copy(void); \
    TEST(name)                          \
    {                                   \
        CHECK(PANICS("as it should", {  \
            name##_in_a_copy();         \
            panic("as it should");      \
        }));                            \
    }                                   \
    static void name##_in_a_copy(void)

#endif
