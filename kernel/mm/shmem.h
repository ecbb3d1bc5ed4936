/* SPDX-License-Identifier: MIT */
/*
 * shmem - anonymous memory that parent and children share: mmap(MAP_SHARED).
 *
 * A page exists from the first access by any sharer until the last region of the object is unmapped.
 */
#ifndef MM_SHMEM_H
#define MM_SHMEM_H

struct lineage;
struct vm_object;

/* Set up the cache of objects. After kmalloc_init(). */
void shmem_init(void);

/* Allocate an object with count 1, all zeros, for the address space of this lineage and those forked from it;
 * NULL: no memory. */
struct vm_object *shmem_new(struct lineage *lineage);

#endif
