/* SPDX-License-Identifier: MIT */
/* flood - prints forever. */
.include "sabotage.inc"
    say_banner
1:  say "all user-mode processes have quit."
    jmp 1b
