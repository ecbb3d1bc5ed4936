/* SPDX-License-Identifier: MIT */
/* reset - the keyboard controller resets the machine after the closing lines. */
.include "sabotage.inc"
    say_banner
    say_closing
    mov $0xfe, %al
    out %al, $0x64
1:  jmp 1b
