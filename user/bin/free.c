/* SPDX-License-Identifier: MIT */
/*
 * free - prints how the machine's memory is used; `free -l` also prints the accounts of the kernel's ledger.
 */
#include "ulib.h"

enum { KIB_A_PAGE = PAGE_SIZE / 1024, ACCOUNTS = 16 };

static void row(const char *what, unsigned pages)
{
    printf("%-24s %8u %10u\n", what, pages, pages * KIB_A_PAGE);
}

static void print_memory(const struct mem_info *info)
{
    unsigned known =
        info->free + info->user + info->shared + info->cache + info->pgtables + info->kstacks + info->heap;
    printf("%-24s %8s %10s\n", "memory", "pages", "KiB");
    row("total", info->total);
    row("free", info->free);
    row("user memory", info->user);
    row("shared user memory", info->shared);
    row("the program cache", info->cache);
    row("page tables", info->pgtables);
    row("kernel stacks", info->kstacks);
    row("the heap", info->heap);
    row("other kernel uses", info->total - known);
    if (info->swap_total == 0) {
        printf("no swap disk\n");
        return;
    }
    row("swap", info->swap_total);
    row("swap, free", info->swap_free);
    printf("since boot %u pages came from the disk and %u went there\n", info->swap_in, info->swap_out);
}

static void print_ledger(void)
{
    struct ledger_info some[ACCOUNTS];
    printf("%-36s %8s %8s\n", "account", "held", "at first");
    for (unsigned first = 0;; first += ACCOUNTS) {
        int n = sys_ledger(some, ACCOUNTS, first);
        assert(n >= 0);
        for (unsigned i = 0; i < ACCOUNTS && first + i < (unsigned)n; i++)
            printf("%-36s %8u %8u\n", some[i].name, some[i].held, some[i].base);
        if (first + ACCOUNTS >= (unsigned)n)
            return;
    }
}

int main(int argc, char *argv[])
{
    struct mem_info info;
    bool ledger = argc == 2 && strcmp(argv[1], "-l") == 0;
    if (argc > 1 && !ledger) {
        printf("free: the memory; free -l: with the kernel's ledger\n");
        return -E_INVAL;
    }
    assert(sys_meminfo(&info) == 0);
    print_memory(&info);
    if (ledger)
        print_ledger();
    return 0;
}
