/* SPDX-License-Identifier: MIT */
/*
 * power - ends a run.
 */
#ifndef DEV_POWER_H
#define DEV_POWER_H

/* The value for QEMU's isa-debug-exit; QEMU's exit status is twice this value plus 1. */
enum power_status {
    POWER_PASSED = 0x10,
    POWER_PROGRAM_FAILED = 0x11,
    POWER_PANIC = 0x12,
    POWER_CHECK_FAILED = 0x13,
};

/* Power off by isa-debug-exit; without that device by ACPI; otherwise halt forever. */
_Noreturn void power_off(enum power_status status);

#endif
