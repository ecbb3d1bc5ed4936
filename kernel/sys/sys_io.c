/* SPDX-License-Identifier: MIT */
/*
 * sys_io - read and write.
 *
 * The lines of one write stay together up to HOLD_BYTES; then other writers have their turn.
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

#define PIECE_BYTES 128u
#define HOLD_BYTES 4096 /* a writer has the console to itself for so long: 0.75 ticks in QEMU's time */

static struct mutex writing = MUTEX_INIT(writing);
static struct mutex reading = MUTEX_INIT(reading); /* between looking at input and removing it */
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
            if (done % HOLD_BYTES == 0)
                mutex_give_way(&writing);
        }
    }
    mutex_unlock(&writing);
    return error == 0 ? (int32_t)n : error;
}

/* Sleep until there is input. Returns 0; -E_KILLED if the caller is killed first. */
static int wait_for_input(void)
{
    int error = 0;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    while (error == 0 && !uart_waiting())
        error = waitq_sleep(&readers, true);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

static size_t peek_input(char *to, size_t n)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    n = uart_peek(to, n);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return n;
}

/* Remove `n` bytes of input. A reader that leaves some behind, or that was woken and killed, wakes the next
 * one. */
static void drop_input(size_t n)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    uart_drop(n);
    if (uart_waiting())
        waitq_wake(&readers);
    unsigned lost = uart_take_lost();
    spin_unlock_irqrestore(&sched_lock, eflags);
    if (lost != 0)
        kprintf("console: %u characters of input were lost: no program read them in time\n", lost);
}

/* Move input to `buf`, `n` bytes at most. Returns how many; 0 if another reader was faster; an error if `buf`
 * cannot be written, and then the input is still there. */
static int deliver_input(struct uaddr buf, size_t n)
{
    char piece[PIECE_BYTES];
    mutex_lock(&reading);
    size_t taken = peek_input(piece, MIN(n, sizeof(piece)));
    int error = copy_to_user(buf, piece, taken);
    drop_input(error == 0 ? taken : 0);
    mutex_unlock(&reading);
    return error == 0 ? (int)taken : error;
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
    if (!uart_present())
        return -E_NO_DEV; /* instead of waiting forever */
    proc_line_flush();
    int taken = 0;
    while (taken == 0) {
        error = wait_for_input();
        if (error != 0) {
            drop_input(0);
            return error;
        }
        taken = deliver_input(buf, n);
    }
    return taken;
}
