/*
 * power - how a run ends.
 */
#ifndef DEV_POWER_H
#define DEV_POWER_H

/* What is written to QEMU's isa-debug-exit; QEMU's own exit status is twice this plus 1. */
enum power_status {
    POWER_PASSED = 0x10,
    POWER_PROGRAM_FAILED = 0x11,
    POWER_PANIC = 0x12,
    POWER_CHECK_FAILED = 0x13,
};

/* Leave through isa-debug-exit; without that device by ACPI; else halt for good. */
_Noreturn void power_off(enum power_status status);

#endif
