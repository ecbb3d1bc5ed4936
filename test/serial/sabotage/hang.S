/* SPDX-License-Identifier: MIT */
/* hang - prints all lines, then halts forever. */
.include "sabotage.inc"
    say_banner
    say_closing
    cli
1:  hlt
    jmp 1b
