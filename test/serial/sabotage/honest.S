/* SPDX-License-Identifier: MIT */
/* honest - every line and the status are right; only the trace is missing, for there is no kernel here. */
.include "sabotage.inc"
    say_banner
    say_closing
    leave_with 0x10
