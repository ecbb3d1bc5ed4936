/* SPDX-License-Identifier: MIT */
/*
 * heap_large - a list of the blocks, by page->link of their first frames; page->length has the object's size.
 */
#include "mm/heap_large.h"

#include "check/hooks.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
#include "mm/page.h"
#include "watch/ledger.h"

static struct list_node blocks = LIST_INIT(blocks);
static size_t blocks_n, bytes_sum;

static size_t ledger_held(void *context)
{
    (void)context;
    return blocks_n;
}

static void ledger_walk(void *context, void (*visit)(uintptr_t caller))
{
    (void)context;
    list_for_each (node, &blocks)
        visit(list_entry(node, struct page, link)->caller);
}

void heap_large_init(void)
{
    static struct ledger_account account = {
        .name = "large heap objects", .held = ledger_held, .walk = ledger_walk};
    ledger_open(&account);
}

void *heap_large_alloc(size_t bytes, uintptr_t caller)
{
    unsigned order = 0;
    struct page *block;

    if (inject_fails(INJECT_HEAP, caller))
        return NULL;
    while (((size_t)PAGE_SIZE << order) < bytes)
        order++;
    block = page_alloc_block(order, PAGE_HEAP);
    if (block == NULL)
        return NULL;
    block->length = (uint32_t)bytes;
    heap_guard_large_allocated(block, bytes, caller);
    list_add_head(&blocks, &block->link);
    blocks_n++;
    bytes_sum += bytes;
    return page_to_virt(block);
}

void heap_large_free(struct page *block, void *object, uintptr_t caller)
{
    heap_guard_large_freed(block, object, caller);
    list_del(&block->link);
    blocks_n--;
    bytes_sum -= block->length;
    page_drop(block);
}

size_t heap_large_bytes(void)
{
    return bytes_sum;
}
