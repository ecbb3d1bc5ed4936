/* SPDX-License-Identifier: MIT */
/*
 * image_symbols - the ends of the image's sections for a test that chooses them: the compiler expects a weak
 * symbol to be anywhere, but the others near the code. Included before everything else.
 */
#ifndef IMAGE_SYMBOLS_H
#define IMAGE_SYMBOLS_H

extern char kernel_rodata_end[] __attribute__((weak));
extern char kernel_lines[] __attribute__((weak));
extern char kernel_end[] __attribute__((weak));
extern char boot_stack_guard[] __attribute__((weak));

#endif
