/*
 * shmem - anonymous memory that parent and children share: mmap(MAP_SHARED).
 *
 * A page exists from its first touch by anyone until the last region that refers to the object
 * is gone.
 */
#ifndef MM_SHMEM_H
#define MM_SHMEM_H

struct lineage;
struct vm_object;

void shmem_init(void);

/* A new object with count 1, all zeros, for an address space of this lineage and those that it forks;
 * NULL: no memory. */
struct vm_object *shmem_new(struct lineage *lineage);

#endif
