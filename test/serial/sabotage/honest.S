/* SPDX-License-Identifier: MIT */
/* honest - lines and status are right; only the trace is missing, because there is no kernel here. */
.include "sabotage.inc"
    say_banner
    say_closing
    leave_with 0x10
