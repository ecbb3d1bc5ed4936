/* SPDX-License-Identifier: MIT */
/* late_panic - panics after the closing lines, and exits with the status of a good run. */
.include "sabotage.inc"
    say_banner
    say_closing
    say "kernel panic at late.c:1: too late to be noticed?"
    leave_with 0x10
