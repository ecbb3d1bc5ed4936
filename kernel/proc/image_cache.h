/* SPDX-License-Identifier: MIT */
/*
 * program - programs that have been executed before: their images are kept for the next time.
 */
#ifndef PROC_IMAGE_CACHE_H
#define PROC_IMAGE_CACHE_H

struct image;

/* The image of program `name` of the boot archive, held for the caller. -E_NOENT, -E_INVAL_ELF,
 * -E_NO_MEM. */
int program_open(const char *name, struct image **image);

/* Open the ledger account of the images kept; it shrinks by forgetting those that nobody runs. */
void program_open_ledger(void);

#endif
