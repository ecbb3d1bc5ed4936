/* SPDX-License-Identifier: MIT */
/*
 * proc_line.c: a line that is written in parts goes out in one piece, as far as there is memory and room
 * (D57).
 */
#include <stdlib.h>
#include <string.h>

#include "dev/console.h"
#include "mm/slab.h"
#include "proc/proc.h"
#include "proc/proc_line.h"
#include "unit.h"

struct cpu boot_cpu;

static struct proc writer = {.magic = PROC_MAGIC, .pid = 7};
static char console[4096]; /* each piece ends with a | */
static bool no_memory;
static int buffers, forgotten;

void console_write(int number, const char *text, size_t n)
{
    CHECK_EQ(number, writer.pid);
    if (n == 0)
        return;
    CHECK(strlen(console) + n + 2 <= sizeof(console));
    strncat(console, text, n);
    strcat(console, "|");
}

static unsigned caches; /* made */

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    (void)cache, (void)name;
    CHECK_EQ(align, 1);
    caches++;
    CHECK_EQ(bytes, CONSOLE_LINE_BYTES);
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    (void)cache;
    buffers += !no_memory;
    return no_memory ? NULL : malloc(CONSOLE_LINE_BYTES);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    (void)cache;
    buffers--;
    free(object);
}

void console_forget(int number)
{
    CHECK_EQ(number, writer.pid);
    forgotten++;
}

static void start(void)
{
    caches = 0;
    proc_line_init();
    CHECK_EQ(caches, 1);
    current = &writer;
    console[0] = '\0';
    no_memory = false;
}

static void write(const char *text)
{
    proc_line_write(text, strlen(text));
}

static void end(void)
{
    forgotten = 0;
    proc_line_exit();
    CHECK_EQ(forgotten, 1);
    CHECK_EQ(buffers, 0);
    CHECK_EQ(writer.line, NULL);
}

TEST(whole_lines_go_at_once)
{
    start();
    write("one\ntwo\n");
    CHECK_STR_EQ(console, "one\ntwo\n|");
    CHECK_EQ(buffers, 0);
    write("");
    CHECK_STR_EQ(console, "one\ntwo\n|");
    end();
}

TEST(parts_wait_for_the_end_of_their_line)
{
    start();
    write("a");
    write("b");
    CHECK_STR_EQ(console, "");
    write("c\n+");
    CHECK_STR_EQ(console, "ab|c\n|");
    write("e");
    proc_line_flush();
    CHECK_STR_EQ(console, "ab|c\n|+e|");
    write("f");
    end();
    CHECK_STR_EQ(console, "ab|c\n|+e|f|");
}

TEST(without_memory_it_goes_out_as_it_is)
{
    start();
    no_memory = true;
    write("a");
    write("b\nc");
    CHECK_STR_EQ(console, "a|b\n|c|");
    no_memory = false;
    write("d");
    CHECK_STR_EQ(console, "a|b\n|c|");
    end();
    CHECK_STR_EQ(console, "a|b\n|c|d|");
}

TEST(a_line_has_room_for_so_much)
{
    char text[CONSOLE_LINE_BYTES + 2];

    start();
    memset(text, 'x', sizeof(text));
    proc_line_write(text, CONSOLE_LINE_BYTES);
    CHECK_STR_EQ(console, "");
    write("y");
    CHECK_EQ(strlen(console), CONSOLE_LINE_BYTES + 1);
    proc_line_write(text, CONSOLE_LINE_BYTES + 1);
    CHECK_EQ(strlen(console), 2 * CONSOLE_LINE_BYTES + 5);
    CHECK_EQ(console[CONSOLE_LINE_BYTES + 1], 'y');
    end();
    start();
    proc_line_write(text, CONSOLE_LINE_BYTES - 1);
    write("z");
    CHECK_STR_EQ(console, "");
    write("!");
    CHECK_EQ(strlen(console), CONSOLE_LINE_BYTES + 1);
    end();
}
