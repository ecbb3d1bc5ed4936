/* SPDX-License-Identifier: MIT */
/* truncated - the last line never came out. */
.include "sabotage.inc"
    say_banner
    say "all user-mode processes have quit."
    leave_with 0x10
