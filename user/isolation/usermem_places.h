/* SPDX-License-Identifier: MIT */
/*
 * usermem_places - the rows of usermem's table: the places that system calls read or write.
 *
 * The object lies in the middle of the window's first page, at its end, or across its end. Each letter
 * describes one page:
 *
 *   W  written             C  written, shared with a child        A  the same, but the child is dead
 *   u  never touched       S  MAP_SHARED with a child, written    s  MAP_SHARED, never touched
 *   r  read-only, touched  z  read-only, never touched            o  write-only, written
 *   -  no access           .  not mapped
 *   P  written, then swapped out                Q  the same, shared with a child
 *   T  MAP_SHARED with a child, swapped out
 */
#ifndef USERMEM_PLACES_H
#define USERMEM_PLACES_H

enum where { MIDDLE, AT_END, ACROSS, BEYOND, EXACTLY };

static const struct place {
    const char *name;
    const char *pages; /* of the window; "": the place is not in the window but at `base` */
    enum where where;
    const void *base;
} places[] =
    {
        {"written", "W", MIDDLE, NULL},
        {"shared with a child", "C", MIDDLE, NULL},
        {"shared with a dead child", "A", MIDDLE, NULL},
        {"never touched", "u", MIDDLE, NULL},
        {"MAP_SHARED", "S", MIDDLE, NULL},
        {"MAP_SHARED, never touched", "s", MIDDLE, NULL},
        {"to write only", "o", MIDDLE, NULL},
        {"to read", "r", MIDDLE, NULL},
        {"to read, never touched", "z", MIDDLE, NULL},
        {"no rights", "-", MIDDLE, NULL},
        {"nothing", ".", MIDDLE, NULL},
        {"up to nothing", "W.", AT_END, NULL},
        {"written | nothing", "W.", ACROSS, NULL},
        {"nothing | written", ".W", ACROSS, NULL},
        {"written | no rights", "W-", ACROSS, NULL},
        {"written | to read", "Wr", ACROSS, NULL},
        {"written | never touched", "Wu", ACROSS, NULL},
        {"child's | child's", "CC", ACROSS, NULL},
        {"child's | MAP_SHARED", "CS", ACROSS, NULL},
        {"MAP_SHARED | child's", "SC", ACROSS, NULL},
        {"never touched | child's", "uC", ACROSS, NULL},
        {"the program's text", "", MIDDLE, &in_text},
        {"the program's data", "", MIDDLE, &in_data},
        {"below the stack", "", AT_END, (void *)(USER_STACK_BASE - PAGE_SIZE / 2)},
        {"below the stack | stack", "", ACROSS, (void *)USER_STACK_BASE},
        {"the last bytes", "", AT_END, (void *)USERTOP},
        {"a byte beyond the last", "", BEYOND, (void *)USERTOP},
        {"the kernel", "", MIDDLE, (void *)0xC0100000},
        {"NULL", "", EXACTLY, NULL},
        {"around 4 GiB", "", ACROSS, NULL},
},
  swapped_places[] = {
      {"swapped", "P", MIDDLE, NULL},
      {"swapped, as a child's", "Q", MIDDLE, NULL},
      {"MAP_SHARED, swapped", "T", MIDDLE, NULL},
      {"swapped | swapped", "PP", ACROSS, NULL},
      {"swapped | written", "PW", ACROSS, NULL},
      {"written | swapped", "WP", ACROSS, NULL},
      {"swapped | never touched", "Pu", ACROSS, NULL},
      {"both a child's, swapped", "QQ", ACROSS, NULL},
      {"swapped | nothing", "P.", ACROSS, NULL},
};

#endif
