/* SPDX-License-Identifier: MIT */
/* leak - the check of memory fails, and the status does not say so. */
.include "sabotage.inc"
    say_banner
    say "all user-mode processes have quit."
    say "kernel check failed: 3 pages leaked"
    say "init check memory pass."
    leave_with 0x10
