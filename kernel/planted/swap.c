/* SPDX-License-Identifier: MIT */
/*
 * planted_swap - mistakes on request with pages on the disk; see planted/planted.def.
 */
#include "mm/swap.h"
#include "mm/rmap.h"
#include "planted/planted.h"

/* A page is written out, and who should remember its slot does not. */
void plant_leak_slot(void)
{
    struct lineage *lineage;
    lineage_new(NULL, &lineage);
    struct page *page = page_alloc(PAGE_USER); /* <- leak_slot */
    swap_adopt(page, lineage, USERBASE);
    swap_out(page);
    page_drop(page);
    lineage_drop(lineage);
}
