/* SPDX-License-Identifier: MIT */
/*
 * sys_io - read and write.
 *
 * A write of many pieces is one write: others wait until it is complete.
 */
#include "sys/sys_io.h"

#include <ucow/errno.h>

#include "dev/console.h"
#include "dev/uart.h"
#include "lib/util.h"
#include "proc/mutex.h"
#include "proc/proc_line.h"
#include "proc/sched.h"
#include "sys/syscall.h"

#define PIECE_BYTES 128

static struct mutex writing = MUTEX_INIT(writing);
static struct waitq readers = {LIST_INIT(readers.sleepers)};

void sys_io_input(void)
{
    spin_take(&sched_lock);
    waitq_wake(&readers);
    spin_release(&sched_lock);
}

int32_t sys_putc(int32_t c)
{
    char byte = (char)c;
    mutex_lock(&writing);
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
    mutex_lock(&writing);
    while (done < n && error == 0) {
        uint32_t part = MIN(n - done, sizeof(piece));
        error = copy_from_user(piece, uaddr_plus(buf, done), part);
        if (error == 0) {
            proc_line_write(piece, part);
            done += part;
            error = sched_point(); /* others wait for us to finish, but not for the CPU */
        }
    }
    mutex_unlock(&writing);
    return error == 0 ? (int32_t)n : error;
}

/* At least one received byte, at most n; or -E_KILLED. */
static int take_input(char *to, size_t n)
{
    int byte, error = 0;
    size_t taken = 0;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    while (error == 0 && taken == 0) {
        while (taken < n && (byte = uart_take()) >= 0)
            to[taken++] = (char)byte;
        if (taken == 0)
            error = waitq_sleep(&readers, true);
    }
    if (uart_waiting())
        waitq_wake(&readers); /* what this one leaves, full or killed, is the next one's */
    unsigned lost = uart_take_lost();
    spin_unlock_irqrestore(&sched_lock, eflags);
    if (lost != 0)
        kprintf("console: %u characters of input were lost: nobody read them in time\n", lost);
    return error != 0 ? error : (int)taken;
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
    char piece[PIECE_BYTES];
    if (fd < 0 || fd > 2)
        return -E_INVAL;
    if (n == 0)
        return 0;
    n = MIN(n, sizeof(piece)); /* less than a page: its first and last byte speak for all */
    int error = probe_writable(buf);
    if (error == 0)
        error = probe_writable(uaddr_plus(buf, n - 1));
    if (error != 0)
        return error; /* before input is taken that could not be delivered */
    if (!uart_present())
        return -E_NO_DEV; /* instead of waiting for ever */
    proc_line_flush();
    int taken = take_input(piece, n);
    if (taken < 0)
        return taken;
    error = copy_to_user(buf, piece, (size_t)taken);
    return error != 0 ? error : taken;
}
