/* SPDX-License-Identifier: MIT */
/*
 * proc_line - a process has an output buffer only while its line is incomplete.
 */
#include "proc/proc_line.h"

#include "dev/console.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc.h"

static struct kmem_cache line_cache;

void proc_line_init(void)
{
    kmem_cache_init(&line_cache, "output line", CONSOLE_LINE_BYTES, 1);
}

void proc_line_flush(void)
{
    console_write(current->pid, current->line, current->line_length);
    current->line_length = 0;
}

void proc_line_end(void)
{
    proc_line_flush();
    if (current->line != NULL)
        kmem_cache_free(&line_cache, current->line);
    current->line = NULL;
}

void proc_line_exit(void)
{
    proc_line_end();
    console_forget(current->pid);
}

/* Buffer text without a newline. It is printed at once if there is no memory or it is too long. */
static void hold(const char *text, size_t n)
{
    if (current->line == NULL)
        current->line = kmem_cache_alloc(&line_cache);
    if (current->line != NULL && current->line_length + n > CONSOLE_LINE_BYTES)
        proc_line_flush();
    if (current->line == NULL || n > CONSOLE_LINE_BYTES) {
        console_write(current->pid, text, n);
        return;
    }
    memcpy(current->line + current->line_length, text, n);
    current->line_length += n;
}

void proc_line_write(const char *text, size_t n)
{
    size_t complete = n;
    while (complete > 0 && text[complete - 1] != '\n')
        complete--;
    if (complete > 0) {
        proc_line_end();
        console_write(current->pid, text, complete);
    }
    if (complete < n)
        hold(text + complete, n - complete);
}
