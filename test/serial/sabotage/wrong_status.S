/* SPDX-License-Identifier: MIT */
/* wrong_status - the lines are right, and the status says that a check failed. */
.include "sabotage.inc"
    say_banner
    say_closing
    leave_with 0x13
