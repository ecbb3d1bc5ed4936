/* SPDX-License-Identifier: MIT */
/* flood - the machine prints for ever. */
.include "sabotage.inc"
    say_banner
1:  say "all user-mode processes have quit."
    jmp 1b
