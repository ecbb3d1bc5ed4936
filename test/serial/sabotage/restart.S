/* SPDX-License-Identifier: MIT */
/* restart - boots twice, and the second run is good. */
.include "sabotage.inc"
    say_banner
    incl starts
    cmpl $2, starts
    jne start
    say_closing
    leave_with 0x10

.data
starts:
    .long 0
