/* SPDX-License-Identifier: MIT */
/*
 * linux_io - the console as programs for Linux see it: a terminal at descriptors 0, 1 and 2.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "sys/linux.h"

#define CONSOLE_MODE (LINUX_S_IFCHR | 0620u)
#define CONSOLE_MAJOR 4u /* ttyS0 */
#define CONSOLE_MINOR 64u
#define CONSOLE_DEVICE (CONSOLE_MAJOR << 8 | CONSOLE_MINOR)
#define CONSOLE_BLOCK 1024

static bool is_console(int32_t fd)
{
    return fd >= 0 && fd <= 2;
}

/* The descriptor is right: -E_INVAL is about the pointer. */
static int32_t io_error(int32_t result)
{
    return result == -E_INVAL ? -LINUX_EFAULT : linux_error(result);
}

int32_t linux_read(int32_t fd, struct uaddr buf, uint32_t n)
{
    return is_console(fd) ? io_error(linux_ask(NR_read, (uint32_t)fd, buf.va, n, 0)) : -LINUX_EBADF;
}

int32_t linux_write(int32_t fd, struct uaddr buf, uint32_t n)
{
    return is_console(fd) ? io_error(linux_ask(NR_write, (uint32_t)fd, buf.va, n, 0)) : -LINUX_EBADF;
}

int32_t linux_writev(int32_t fd, struct uaddr parts, int32_t n)
{
    int32_t done = 0;
    if (!is_console(fd))
        return -LINUX_EBADF;
    if (n < 0 || n > LINUX_IOV_MAX)
        return -LINUX_EINVAL;
    for (int32_t i = 0; i < n; i++) {
        struct linux_iovec part;
        int32_t result = linux_get(&part, uaddr_plus(parts, (size_t)i * sizeof(part)), sizeof(part));
        if (result == 0 && part.length > (uint32_t)(INT32_MAX - done))
            result = -LINUX_EINVAL;
        if (result == 0)
            result = linux_write(fd, (struct uaddr){part.base}, part.length);
        if (result < 0)
            return done > 0 ? done : result;
        done += result;
    }
    return done;
}

int32_t linux_ioctl(int32_t fd, uint32_t request, struct uaddr to)
{
    const struct linux_termios termios = {
        .iflag = 0x500, .oflag = 0x5, .cflag = 0xCBD, .lflag = 0x8A3B}; /* a cooked line at 38400 baud */
    const struct linux_winsize winsize = {.rows = 24, .columns = 80};
    if (!is_console(fd))
        return -LINUX_EBADF;
    if (request == LINUX_TCGETS)
        return linux_put(to, &termios, sizeof(termios));
    return request == LINUX_TIOCGWINSZ ? linux_put(to, &winsize, sizeof(winsize)) : -LINUX_ENOTTY;
}

int32_t linux_fcntl64(int32_t fd, uint32_t cmd)
{
    if (!is_console(fd))
        return -LINUX_EBADF;
    if (cmd == LINUX_F_GETFL)
        return LINUX_O_RDWR;
    return cmd == LINUX_F_GETFD ? 0 : -LINUX_EINVAL;
}

int32_t linux_fcntl(int32_t fd, uint32_t cmd)
{
    return linux_fcntl64(fd, cmd);
}

int32_t linux_fstat64(int32_t fd, struct uaddr to)
{
    const struct linux_stat64 stat = {.mode = CONSOLE_MODE,
                                      .nlink = 1,
                                      .rdev = CONSOLE_DEVICE,
                                      .blksize = CONSOLE_BLOCK,
                                      .ino = 1,
                                      .ino_low = 1};
    return is_console(fd) ? linux_put(to, &stat, sizeof(stat)) : -LINUX_EBADF;
}

/* Check that `path` is empty, and means the descriptor: there are no files that could have names. */
static int32_t check_path(struct uaddr path, uint32_t flags)
{
    char first = '\0';
    int32_t error = path.va == 0 && (flags & LINUX_AT_EMPTY_PATH) != 0 ? 0 : linux_get(&first, path, 1);
    if (error != 0)
        return error;
    if (first != '\0')
        return -LINUX_ENOSYS;
    return (flags & LINUX_AT_EMPTY_PATH) != 0 ? 0 : -LINUX_ENOENT;
}

int32_t linux_statx(int32_t fd, struct uaddr path, uint32_t flags, uint32_t mask, struct uaddr to)
{
    static const struct linux_statx stat = {.mask = LINUX_STATX_BASIC_STATS,
                                            .blksize = CONSOLE_BLOCK,
                                            .nlink = 1,
                                            .mode = CONSOLE_MODE,
                                            .ino = 1,
                                            .rdev_major = CONSOLE_MAJOR,
                                            .rdev_minor = CONSOLE_MINOR};
    const uint32_t known =
        LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH | LINUX_AT_SYNC_TYPE;
    if ((mask & LINUX_STATX_RESERVED) != 0 || (flags & ~known) != 0 ||
        (flags & LINUX_AT_SYNC_TYPE) == LINUX_AT_SYNC_TYPE)
        return -LINUX_EINVAL;
    int32_t error = check_path(path, flags);
    if (error != 0)
        return error;
    return is_console(fd) ? linux_put(to, &stat, sizeof(stat)) : -LINUX_EBADF;
}
