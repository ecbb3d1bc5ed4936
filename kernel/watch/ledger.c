/* SPDX-License-Identifier: MIT */
/*
 * ledger - compares the accounts with the last mark and reports the call sites of the difference.
 *
 * In checking builds the mark records the units of each call site too, so that a report shows only
 * the call sites that have more units than at the mark.
 */
#include "watch/ledger.h"
#include "dev/console.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/assert.h"
#include "watch/backtrace.h"

static struct ledger_account *accounts; /* the last one opened comes first */
static size_t accounts_n;

/* The units of an account by call site, while they are counted. The sites of the mark come first;
 * `elsewhere` counts the units of sites for which there is no room. */
static struct ledger_site sites[2 * LEDGER_SITES];
static size_t sites_used, sites_max, elsewhere;

static void census_note(uintptr_t address)
{
    for (size_t i = 0; i < sites_used; i++) {
        if (sites[i].address == address) {
            sites[i].units++;
            return;
        }
    }
    if (sites_used == sites_max) {
        elsewhere++;
        return;
    }
    sites[sites_used++] = (struct ledger_site){.address = address, .units = 1};
}

/* Count the units of `account` by call site: `max` sites at most, of which the first `known` are those of the
 * mark. */
static void census_take(struct ledger_account *account, size_t known, size_t max)
{
    for (size_t i = 0; i < known; i++)
        sites[i] = (struct ledger_site){.address = account->base_sites[i].address};
    sites_used = known;
    sites_max = max;
    elsewhere = 0;
    account->walk(account->context, census_note);
}

static bool has_sites(const struct ledger_account *account)
{
    return LEDGER_KNOWS_CALLERS && account->walk != NULL;
}

void ledger_shrink(void)
{
    for (struct ledger_account *account = accounts; account != NULL; account = account->next) {
        if (account->shrink != NULL)
            account->shrink(account->context);
    }
}

void ledger_open(struct ledger_account *account)
{
    account->base = 0;
    account->base_count = 0;
    account->next = accounts;
    accounts = account;
    accounts_n++;
}

size_t ledger_count(void)
{
    return accounts_n;
}

void ledger_read(size_t i, struct ledger_info *info)
{
    const struct ledger_account *account = accounts;
    for (size_t behind = accounts_n - 1 - i; behind > 0; behind--)
        account = account->next;
    *info = (struct ledger_info){.held = (unsigned)account->held(account->context),
                                 .base = (unsigned)account->base};
    snprintf(info->name, sizeof(info->name), account->of == NULL ? "%s" : "%s %s", account->name,
             account->of);
}

void ledger_mark(void)
{
    ledger_shrink();
    for (struct ledger_account *account = accounts; account != NULL; account = account->next) {
        account->base = account->held(account->context);
        account->base_count = 0;
        if (account->base == 0 || !has_sites(account))
            continue;
        census_take(account, 0, LEDGER_SITES);
        account->base_count = sites_used;
        memcpy(account->base_sites, sites, sites_used * sizeof(sites[0]));
    }
}

void ledger_print_caller(size_t units, uintptr_t caller)
{
    kprintf("    %zu taken at ", units);
    if (caller == 0)
        kprintf("an unknown place");
    else
        backtrace_print_caller(caller - 1); /* the call, not what follows it */
    kprintf("\n");
}

/* Print the call sites that have more units than at the mark. */
static void print_sites(struct ledger_account *account)
{
    census_take(account, account->base_count, account->base_count + LEDGER_SITES);
    for (size_t i = 0; i < sites_used; i++) {
        size_t base = i < account->base_count ? account->base_sites[i].units : 0;

        if (sites[i].units > base)
            ledger_print_caller(sites[i].units - base, sites[i].address);
    }
    if (elsewhere != 0)
        kprintf("    %zu taken elsewhere\n", elsewhere);
}

static void print_difference(struct ledger_account *account, size_t held)
{
    const char *blank = account->of == NULL ? "" : " ";
    const char *of = account->of == NULL ? "" : account->of;

    if (held > account->base)
        kprintf("kernel check failed: leaked %zu %s%s%s (base %zu, now %zu)\n", held - account->base,
                account->name, blank, of, account->base, held);
    else
        kprintf("kernel check failed: gave back %zu too many %s%s%s (base %zu, now %zu)\n",
                account->base - held, account->name, blank, of, account->base, held);
}

bool ledger_check(void)
{
    bool ok = true;

    ledger_shrink();
    for (struct ledger_account *account = accounts; account != NULL; account = account->next) {
        size_t held = account->held(account->context);

        if (held == account->base)
            continue;
        ok = false;
        print_difference(account, held);
        if (held > account->base && has_sites(account))
            print_sites(account);
    }
    return ok;
}
