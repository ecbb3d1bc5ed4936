/* SPDX-License-Identifier: MIT */
/* restart - the kernel starts over, and the second time all goes well. */
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
