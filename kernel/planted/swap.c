/* SPDX-License-Identifier: MIT */
/*
 * swap - mistakes with pages on the swap disk; see planted.def.
 */
#include "mm/swap.h"
#include "mm/rmap.h"
#include "planted/planted.h"

/* A page is written out, and nothing keeps the number of its slot. */
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
