/* SPDX-License-Identifier: MIT */
/*
 * memmap - the memory map as a sorted array of ranges.
 */
#include "arch/i386/memmap.h"

#include "lib/string.h"
#include "lib/util.h"

void memmap_init(struct memmap *map)
{
    memset(map, 0, sizeof(*map));
}

static void remove_at(struct memmap *map, size_t i)
{
    map->n--;
    memmove(&map->range[i], &map->range[i + 1], (map->n - i) * sizeof(map->range[0]));
}

static void insert_at(struct memmap *map, size_t i, paddr_t start, paddr_t end)
{
    if (map->n == MEMMAP_MAX) {
        map->dropped++;
        return;
    }
    memmove(&map->range[i + 1], &map->range[i], (map->n - i) * sizeof(map->range[0]));
    map->range[i] = (struct memmap_range){start, end};
    map->n++;
}

void memmap_add(struct memmap *map, uint64_t base, uint64_t length)
{
    uint64_t end = base + length;
    if (end < base) {
        map->wrapped++;
        end = UINT64_MAX;
    }
    if (end > KMEMSIZE) {
        uint64_t beyond = end - MAX(base, (uint64_t)KMEMSIZE);
        map->beyond_bytes += MIN(beyond, UINT64_MAX - map->beyond_bytes);
        end = KMEMSIZE;
    }
    paddr_t first = (paddr_t)ALIGN_UP(MIN(base, (uint64_t)KMEMSIZE), (uint64_t)PAGE_SIZE);
    paddr_t last = (paddr_t)ALIGN_DOWN(end, (uint64_t)PAGE_SIZE);
    if (first >= last)
        return;

    size_t i = 0;
    while (i < map->n && map->range[i].end < first)
        i++;
    while (i < map->n && map->range[i].start <= last) { /* merge ranges that touch or overlap */
        if (map->range[i].start < last && map->range[i].end > first)
            map->overlapping++;
        first = MIN(first, map->range[i].start);
        last = MAX(last, map->range[i].end);
        remove_at(map, i);
    }
    insert_at(map, i, first, last);
}

void memmap_reserve(struct memmap *map, uint64_t start, uint64_t end)
{
    paddr_t first = (paddr_t)ALIGN_DOWN(MIN(start, (uint64_t)KMEMSIZE), (uint64_t)PAGE_SIZE);
    paddr_t last = (paddr_t)ALIGN_UP(MIN(end, (uint64_t)KMEMSIZE), (uint64_t)PAGE_SIZE);
    for (size_t i = 0; i < map->n && first < last;) {
        struct memmap_range old = map->range[i];
        if (old.end <= first || old.start >= last) {
            i++;
            continue;
        }
        remove_at(map, i);
        if (old.end > last)
            insert_at(map, i, last, old.end);
        if (old.start < first)
            insert_at(map, i++, old.start, first);
    }
}

paddr_t memmap_carve(struct memmap *map, size_t bytes)
{
    bytes = ALIGN_UP(bytes, PAGE_SIZE);
    for (size_t i = map->n; i-- > 0;) {
        if (map->range[i].end - map->range[i].start < bytes)
            continue;
        paddr_t start = map->range[i].start;
        memmap_reserve(map, start, (uint64_t)start + bytes);
        return start;
    }
    return 0;
}

uint64_t memmap_bytes(const struct memmap *map)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < map->n; i++)
        sum += map->range[i].end - map->range[i].start;
    return sum;
}

paddr_t memmap_end(const struct memmap *map)
{
    return map->n == 0 ? 0 : map->range[map->n - 1].end;
}
