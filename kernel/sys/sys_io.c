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

static struct mutex writing = {.waiters = LIST_INIT(writing.waiters)};
static struct waitq readers = {LIST_INIT(readers.sleepers)};

void sys_io_input(void)
{
    spin_take(&sched_lock);
    waitq_wake_all(&readers);
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
    int error = 0;
    uint32_t done = 0;
    if (fd < 0 || fd > 2 || n > INT32_MAX)
        return -E_INVAL;
    mutex_lock(&writing);
    while (done < n && error == 0) {
        uint32_t part = MIN(n - done, sizeof(piece));
        error = copy_from_user(piece, uaddr_plus(buf, done), part);
        if (error == 0) {
            proc_line_write(piece, part);
            done += part;
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
    uint32_t eflags = spin_lock_irq(&sched_lock);
    while (error == 0 && taken == 0) {
        while (taken < n && (byte = uart_take()) >= 0)
            to[taken++] = (char)byte;
        if (taken == 0)
            error = waitq_sleep(&readers, true);
    }
    unsigned lost = uart_take_lost();
    spin_unlock_irq(&sched_lock, eflags);
    if (lost != 0)
        kprintf("console: %u characters of input were lost: nobody read them in time\n", lost);
    return error != 0 ? error : (int)taken;
}

/* Whether n bytes at `buf` can be written; so that no input is taken that cannot be delivered. */
static int probe(struct uaddr buf, size_t n)
{
    const char nothing[PIECE_BYTES] = {0};
    return copy_to_user(buf, nothing, n);
}

int32_t sys_read(int32_t fd, struct uaddr buf, uint32_t n)
{
    char piece[PIECE_BYTES];
    if (fd < 0 || fd > 2)
        return -E_INVAL;
    n = MIN(n, sizeof(piece));
    int error = probe(buf, n);
    if (error != 0 || n == 0)
        return error;
    proc_line_flush();
    int taken = take_input(piece, n);
    if (taken < 0)
        return taken;
    error = copy_to_user(buf, piece, (size_t)taken);
    return error != 0 ? error : taken;
}
