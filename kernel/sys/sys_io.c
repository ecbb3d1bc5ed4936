/* SPDX-License-Identifier: MIT */
/*
 * sys_io - read, write and the terminal's mode.
 *
 * The lines of one write stay together up to HOLD_BYTES; then other writers have their turn.
 */
#include <ucow/errno.h>

#include "dev/console.h"
#include "dev/input.h"
#include "lib/util.h"
#include "proc/mutex.h"
#include "proc/proc_line.h"
#include "proc/sched.h"
#include "proc/terminal.h"
#include "sys/syscall.h"

#define PIECE_BYTES 128u
#define HOLD_BYTES 4096 /* a writer has the console to itself for so long: 0.75 ticks in QEMU's time */

static struct mutex writing = MUTEX_INIT(writing);
static struct mutex reading = MUTEX_INIT(reading); /* between looking at input and removing it */

int32_t sys_putc(int32_t c)
{
    char byte = (char)c;
    int error = mutex_lock_killable(&writing);
    if (error != 0)
        return error;
    proc_line_write(&byte, 1);
    mutex_unlock(&writing);
    return 0;
}

int32_t sys_write(int32_t fd, struct uaddr buf, uint32_t n)
{
    char piece[PIECE_BYTES];
    uint32_t done = 0;
    if (fd < 0 || fd > 2)
        return -E_INVAL;
    int error = n == 0 ? 0 : probe_user(buf, n);
    if (error == 0)
        error = mutex_lock_killable(&writing);
    if (error != 0)
        return error;
    while (done < n && error == 0) {
        uint32_t part = MIN(n - done, sizeof(piece));
        error = copy_from_user(piece, uaddr_plus(buf, done), part);
        if (error == 0) {
            proc_line_write(piece, part);
            done += part;
            error = sched_point(); /* others wait for us to finish, but not for the CPU */
            if (error == 0 && done % HOLD_BYTES == 0 && (error = mutex_give_way(&writing)) != 0)
                return error;
        }
    }
    mutex_unlock(&writing);
    return error == 0 ? (int32_t)n : error;
}

/* Move input to `buf`, `n` bytes at most. Returns how many, or TERMINAL_NOTHING; an error if `buf` cannot be
 * written, and then the input is still there. */
static int deliver_input(struct uaddr buf, size_t n, int *error)
{
    char piece[PIECE_BYTES];
    *error = mutex_lock_killable(&reading);
    if (*error != 0) {
        terminal_drop(0); /* what woke the caller is the next reader's */
        return TERMINAL_NOTHING;
    }
    int taken = terminal_peek(piece, MIN(n, sizeof(piece)));
    *error = taken > 0 ? copy_to_user(buf, piece, (size_t)taken) : 0;
    terminal_drop(taken > 0 && *error == 0 ? (size_t)taken : 0);
    mutex_unlock(&reading);
    return taken;
}

/* Whether the byte at `at` can be written; it keeps its value. */
static int probe_writable(struct uaddr at)
{
    char byte;
    int error = copy_from_user(&byte, at, 1);
    return error != 0 ? error : copy_to_user(at, &byte, 1);
}

int32_t sys_read(int32_t fd, struct uaddr buf, uint32_t n)
{
    if (fd < 0 || fd > 2)
        return -E_INVAL;
    if (n == 0)
        return 0;
    n = MIN(n, PIECE_BYTES); /* less than a page: if the first and the last byte can be written, all can */
    int error = probe_writable(buf);
    if (error == 0)
        error = probe_writable(uaddr_plus(buf, n - 1));
    if (error != 0)
        return error; /* before waiting */
    if (!input_has_device())
        return -E_NO_DEV; /* instead of waiting forever */
    terminal_begin_read(current->line, current->line_length);
    proc_line_flush();
    int taken = TERMINAL_NOTHING;
    while (taken == TERMINAL_NOTHING && error == 0) {
        error = terminal_wait();
        if (error == 0)
            taken = deliver_input(buf, n, &error);
        else
            terminal_drop(0); /* what woke the caller is the next reader's */
    }
    return error == 0 ? taken : error;
}

int32_t sys_tcsetmode(uint32_t mode)
{
    return terminal_set_mode(mode);
}
