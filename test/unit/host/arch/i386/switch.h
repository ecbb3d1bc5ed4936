/* SPDX-License-Identifier: MIT */
/*
 * switch - for unit tests: the test says what a switch does.
 */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#include <stdint.h>

struct switch_frame {
    uint32_t ebp, eip;
};

void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp);

#endif
