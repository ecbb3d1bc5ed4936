/* SPDX-License-Identifier: MIT */
/* truncated - lacks the last line. */
.include "sabotage.inc"
    say_banner
    say "all user-mode processes have quit."
    leave_with 0x10
