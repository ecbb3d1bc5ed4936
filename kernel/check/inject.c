/* SPDX-License-Identifier: MIT */
/*
 * inject - counts operations against at most one plan for each kind.
 */
#include "check/inject.h"

#include <stddef.h>

#include <ucow/errno.h>

#include "lib/string.h"
#include "lib/util.h"
#include "watch/trace.h"

#define NUMBER_MAX 0x7fffffffu

static struct plan {
    uint32_t nth;    /* the operation that fails, counted from 1; 0: no plan */
    bool onwards;    /* and all later ones */
    int pid;         /* of this process; 0: of any */
    uint32_t passed; /* operations counted so far; it stops at the largest number */
} plans[INJECT_KINDS];

static const char *const kind_names[] = {
#define INJECT_KIND(NAME, name, error, gates) [INJECT_##NAME] = #name,
#include <ucow/enums.def>
};

/* Completes a complaint about a text without one of these names. */
static const char needs_kind[] = "needs one of"
#define INJECT_KIND(NAME, name, error, gates) " " #name ":N"
#include <ucow/enums.def>
    ;

int inject_running_pid;
static bool started;

bool inject_now(unsigned kind, uintptr_t caller)
{
    struct plan *plan = &plans[kind];
    if (plan->nth == 0 || !started || (plan->pid != 0 && plan->pid != inject_running_pid))
        return false;
    plan->passed += plan->passed < UINT32_MAX;
    if (plan->passed != plan->nth && !(plan->onwards && plan->passed > plan->nth))
        return false;
    TRACE(injected, kind, plan->passed, caller);
    return true;
}

void inject_start(void)
{
    started = true;
}

int inject_make_plan(int pid, uint32_t kind, uint32_t nth, uint32_t flags)
{
    if (kind >= INJECT_KINDS || nth > NUMBER_MAX || (flags & ~INJECT_ONWARDS) != 0)
        return -E_INVAL;
    struct plan *plan = &plans[kind];
    uint32_t passed = plan->pid == pid ? MIN(plan->passed, NUMBER_MAX) : 0;
    *plan = (struct plan){.nth = nth, .onwards = flags != 0, .pid = pid};
    return (int)passed;
}

void inject_forget(int pid)
{
    for (unsigned kind = 0; kind < INJECT_KINDS; kind++)
        if (plans[kind].pid == pid)
            plans[kind] = (struct plan){0};
}

/* Parse a kind and its colon at *text, and move *text after them. INJECT_KINDS: there is none. */
static unsigned take_kind(const char **text)
{
    for (unsigned kind = 0; kind < INJECT_KINDS; kind++) {
        size_t length = strlen(kind_names[kind]);
        if (strncmp(*text, kind_names[kind], length) == 0 && (*text)[length] == ':') {
            *text += length + 1;
            return kind;
        }
    }
    return INJECT_KINDS;
}

/* Parse a number above 0 at *text, and move *text after it. 0: there is none. */
static uint32_t take_number(const char **text)
{
    uint32_t number = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        uint32_t digit = (uint32_t)(**text - '0');
        if (number > (NUMBER_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}

static bool take(const char **text, char c)
{
    bool there = **text == c;
    *text += there;
    return there;
}

const char *inject_want(const char *text)
{
    unsigned kind = take_kind(&text);
    if (kind == INJECT_KINDS)
        return needs_kind;
    struct plan plan = {.nth = take_number(&text)};
    bool ok = plan.nth != 0;
    plan.onwards = take(&text, '+');
    if (take(&text, '@')) {
        plan.pid = (int)take_number(&text);
        ok = ok && plan.pid != 0;
    }
    if (!ok || *text != '\0')
        return "needs KIND:N, KIND:N+ or either followed by @PID, N and PID above 0";
    if (plans[kind].nth != 0)
        return "is a second plan for its kind";
    plans[kind] = plan;
    return NULL;
}
