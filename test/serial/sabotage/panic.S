/* SPDX-License-Identifier: MIT */
/* panic - panics, with the right status. */
.include "sabotage.inc"
    say_banner
    say "kernel panic at early.c:1: no memory"
    leave_with 0x12
