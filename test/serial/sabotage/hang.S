/* SPDX-License-Identifier: MIT */
/* hang - all is printed, and then the machine waits for ever. */
.include "sabotage.inc"
    say_banner
    say_closing
    cli
1:  hlt
    jmp 1b
