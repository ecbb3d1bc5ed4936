/* SPDX-License-Identifier: MIT */
/* triple_fault - triple-faults after the closing lines. */
.include "sabotage.inc"
    say_banner
    say_closing
    lidt no_idt
    int3

.section .rodata
no_idt:
    .word 0
    .long 0
