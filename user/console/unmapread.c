/* SPDX-License-Identifier: MIT */
/*
 * unmapread - the buffer of a read vanishes while it waits: the read fails, and what was typed is the next
 * read's (D107).
 */
#include "check.h"

static char *buffer;

static int read_into_buffer(void *unused)
{
    (void)unused;
    return read(STDIN, buffer, PAGE_SIZE) == -E_INVAL ? 0 : 1;
}

int main(void)
{
    char *stack = map_pages(PAGE_SIZE, MAP_PRIVATE), text[8] = "";
    buffer = map_pages(PAGE_SIZE, MAP_PRIVATE);
    int pid = thread_start(read_into_buffer, NULL, stack + PAGE_SIZE);
    await_state(pid, SLEEPING);
    munmap(buffer, PAGE_SIZE);
    printf("unmapread: type abc\n");
    CHECK(code_of(pid), 0, "the read without a buffer has failed");
    for (unsigned seen = 0; seen < 3;)
        seen += (unsigned)read(STDIN, text + seen, 3 - seen);
    CHECK(strcmp(text, "abc"), 0, "what the next read gets, against abc");
    return pass();
}
