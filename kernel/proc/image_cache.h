/* SPDX-License-Identifier: MIT */
/*
 * image_cache - a cache of the images of programs that have been executed.
 */
#ifndef PROC_IMAGE_CACHE_H
#define PROC_IMAGE_CACHE_H

struct image;

/* Find or parse the image of program `name` and store it in *image; the caller owns one reference. Returns 0;
 * -E_NOENT if there is no such file, -E_INVAL_ELF if it is not a program, -E_NO_MEM. */
int image_cache_open(const char *name, struct image **image);

/* Open the ledger account of cached images. Shrinking it drops the images that no process runs. */
void image_cache_open_ledger(void);

#endif
