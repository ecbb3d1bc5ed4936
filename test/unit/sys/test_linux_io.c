/* SPDX-License-Identifier: MIT */
/*
 * linux_io.c: each descriptor, flag and length, and each byte that a call writes to its caller's memory.
 */
#include <ucow/errno.h>

#include "host_user.h"
#include "journal.h"
#include "lib/util.h"

#define BUF ((struct uaddr){0x1000})
#define MODE 020620 /* a character device */
#define TTYS0 0x440 /* 4, 64 */
#define KNOWN_FLAGS 0x7900u

static int32_t result;
static const char empty[] = "", name[] = "a";

int32_t linux_error(int32_t error)
{
    return error < 0 ? error * 100 : error;
}

int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    CHECK_EQ(d, 0);
    note("%s %u %x %u", nr == NR_read ? "read" : nr == NR_write ? "write" : "?", a, b, c);
    return result == INT32_MAX ? (int32_t)c : result;
}

static void start(int32_t returns)
{
    result = returns;
    journal_clear();
}

TEST(a_descriptor_is_0_to_2)
{
    static const int32_t not [] = {INT32_MIN, -100, -1, 3, INT32_MAX};
    static struct linux_stat64 stat;

    for (int32_t fd = 0; fd <= 2; fd++) {
        char read[30], write[30];
        start(4);
        CHECK_EQ(linux_read(fd, BUF, 9), 4);
        CHECK_EQ(linux_write(fd, BUF, 8), 4);
        snprintf(read, sizeof(read), "read %d 1000 9", fd);
        snprintf(write, sizeof(write), "write %d 1000 8", fd);
        CHECK_STEPS(read, write);
        CHECK_EQ(linux_writev(fd, NOWHERE, 0), 0);
        CHECK_EQ(linux_fstat64(fd, user(&stat)), 0);
        CHECK_EQ(linux_ioctl(fd, 1, BUF), -LINUX_ENOTTY);
        CHECK_EQ(linux_fcntl64(fd, LINUX_F_GETFD), 0);
        CHECK_EQ(linux_fcntl64(fd, LINUX_F_GETFL), LINUX_O_RDWR);
        CHECK_EQ(linux_fcntl64(fd, 0), -LINUX_EINVAL);
        CHECK_EQ(linux_fcntl64(fd, 4), -LINUX_EINVAL);
        CHECK_EQ(linux_fcntl(fd, LINUX_F_GETFL), LINUX_O_RDWR);
        CHECK_EQ(linux_statx(fd, user(empty), LINUX_AT_EMPTY_PATH, 0, BAD), -LINUX_EFAULT);
    }
    start(4);
    for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
        CHECK_EQ(linux_read(not [i], BUF, 9), -LINUX_EBADF);
        CHECK_EQ(linux_write(not [i], BUF, 9), -LINUX_EBADF);
        CHECK_EQ(linux_writev(not [i], NOWHERE, 0), -LINUX_EBADF);
        CHECK_EQ(linux_fstat64(not [i], user(&stat)), -LINUX_EBADF);
        CHECK_EQ(linux_ioctl(not [i], LINUX_TCGETS, BUF), -LINUX_EBADF);
        CHECK_EQ(linux_fcntl64(not [i], LINUX_F_GETFL), -LINUX_EBADF);
        CHECK_EQ(linux_statx(not [i], user(empty), LINUX_AT_EMPTY_PATH, 0, BUF), -LINUX_EBADF);
    }
    CHECK_STR_EQ(journal, "");
}

TEST(an_error_of_a_transfer)
{
    start(-E_INVAL);
    CHECK_EQ(linux_read(0, BUF, 9), -LINUX_EFAULT);
    CHECK_EQ(linux_write(1, BUF, 9), -LINUX_EFAULT);
    start(-E_KILLED);
    CHECK_EQ(linux_read(0, BUF, 9), -E_KILLED * 100);
    CHECK_EQ(linux_write(1, BUF, 9), -E_KILLED * 100);
}

TEST(parts_are_written_in_their_order)
{
    static const struct linux_iovec parts[] = {{0x1000, 3}, {0x2000, 0}, {0x3000, 5}};

    start(INT32_MAX); /* as much as was asked for */
    CHECK_EQ(linux_writev(1, user(parts), 3), 8);
    CHECK_STEPS("write 1 1000 3", "write 1 2000 0", "write 1 3000 5");
    CHECK_EQ(linux_writev(1, user(parts), 1), 3);
    CHECK_STEPS("write 1 1000 3");
    CHECK_EQ(linux_writev(1, user(parts), 0), 0);
    CHECK_EQ(linux_writev(1, user(parts), -1), -LINUX_EINVAL);
    CHECK_EQ(linux_writev(1, user(parts), INT32_MIN), -LINUX_EINVAL);
    CHECK_EQ(linux_writev(1, user(parts), LINUX_IOV_MAX + 1), -LINUX_EINVAL);
    CHECK_STR_EQ(journal, "");
    static struct linux_iovec most[LINUX_IOV_MAX];
    CHECK_EQ(linux_writev(1, user(most), LINUX_IOV_MAX), 0);
}

TEST(what_was_written_before_an_error_counts)
{
    static const struct linux_iovec parts[] = {{0x1000, 3}, {0x2000, INT32_MAX}},
                                    one[] = {{0x1000, 1}, {0x2000, INT32_MAX}},
                                    exact[] = {{0x1000, 3}, {0x2000, INT32_MAX - 3}},
                                    late[] = {{0x2000, UINT32_MAX}, {0x1000, 3}};

    start(INT32_MAX);
    CHECK_EQ(linux_writev(1, user(parts), 2), 3);
    CHECK_STEPS("write 1 1000 3");
    CHECK_EQ(linux_writev(1, user(one), 2), 1);
    CHECK_STEPS("write 1 1000 1");
    CHECK_EQ(linux_writev(1, user(exact), 2), INT32_MAX);
    CHECK_STEPS("write 1 1000 3", "write 1 2000 2147483644");
    CHECK_EQ(linux_writev(1, user(late), 2), -LINUX_EINVAL);
    CHECK_EQ(linux_writev(1, BAD, 1), -LINUX_EFAULT);
    CHECK_STR_EQ(journal, "");
    start(-E_KILLED);
    CHECK_EQ(linux_writev(1, user(parts), 2), -E_KILLED * 100);
    CHECK_STEPS("write 1 1000 3");
}

TEST(the_terminal)
{
    static struct linux_termios termios;
    static struct linux_winsize winsize;

    CHECK_EQ(linux_ioctl(0, LINUX_TCGETS, user(&termios)), 0);
    CHECK(termios.iflag == 0x500 && termios.oflag == 5 && termios.cflag == 0xCBD && termios.lflag == 0x8A3B);
    CHECK_EQ(linux_ioctl(0, LINUX_TIOCGWINSZ, user(&winsize)), 0);
    CHECK(winsize.rows == 24 && winsize.columns == 80 && winsize.x == 0 && winsize.y == 0);
    CHECK_EQ(linux_ioctl(0, LINUX_TCGETS, BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_ioctl(0, LINUX_TIOCGWINSZ, BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_ioctl(0, LINUX_TCGETS + 1, BAD), -LINUX_ENOTTY);
}

/* Each byte; those that are not named here are 0. */
TEST(the_console_is_a_character_device)
{
    struct linux_stat64 stat, wanted;
    struct linux_statx statx, wanted_x;

    memset(&stat, 0xAA, sizeof(stat));
    memset(&wanted, 0, sizeof(wanted));
    wanted.mode = MODE;
    wanted.nlink = 1;
    wanted.rdev = TTYS0;
    wanted.blksize = 1024;
    wanted.ino = wanted.ino_low = 1;
    CHECK_EQ(linux_fstat64(1, user(&stat)), 0);
    CHECK_EQ(memcmp(&stat, &wanted, sizeof(stat)), 0);
    CHECK_EQ(linux_fstat64(1, BAD), -LINUX_EFAULT);

    memset(&statx, 0xAA, sizeof(statx));
    memset(&wanted_x, 0, sizeof(wanted_x));
    wanted_x.mask = 0x7FF;
    wanted_x.blksize = 1024;
    wanted_x.nlink = 1;
    wanted_x.mode = MODE;
    wanted_x.ino = 1;
    wanted_x.rdev_major = 4;
    wanted_x.rdev_minor = 64;
    CHECK_EQ(linux_statx(1, user(empty), LINUX_AT_EMPTY_PATH, 0, user(&statx)), 0);
    CHECK_EQ(memcmp(&statx, &wanted_x, sizeof(statx)), 0);
}

TEST(each_flag_of_statx)
{
    static struct linux_statx statx;

    for (uint32_t bit = 0; bit < 32; bit++) {
        uint32_t flag = 1u << bit;
        bool known = (flag & KNOWN_FLAGS) != 0;
        CHECK_EQ(linux_statx(1, user(empty), LINUX_AT_EMPTY_PATH | flag, 0, user(&statx)),
                 known ? 0 : -LINUX_EINVAL);
        CHECK_EQ(linux_statx(1, user(empty), LINUX_AT_EMPTY_PATH, flag, user(&statx)),
                 bit < 31 ? 0 : -LINUX_EINVAL);
    }
    CHECK_EQ(linux_statx(1, user(empty), LINUX_AT_EMPTY_PATH | LINUX_AT_SYNC_TYPE, 0, user(&statx)),
             -LINUX_EINVAL);
    CHECK_EQ(linux_statx(1, user(empty), KNOWN_FLAGS, 0, user(&statx)), -LINUX_EINVAL);
    CHECK_EQ(linux_statx(1, user(empty), KNOWN_FLAGS & ~0x2000u, 0, user(&statx)), 0);
}

TEST(a_path_is_empty_or_there_is_no_such_file)
{
    static struct linux_statx statx;

    CHECK_EQ(linux_statx(1, user(name), LINUX_AT_EMPTY_PATH, 0, user(&statx)), -LINUX_ENOSYS);
    CHECK_EQ(linux_statx(1, user(name), 0, 0, user(&statx)), -LINUX_ENOSYS);
    CHECK_EQ(linux_statx(1, user(empty), 0, 0, user(&statx)), -LINUX_ENOENT);
    CHECK_EQ(linux_statx(1, user(empty), LINUX_AT_NO_AUTOMOUNT, 0, user(&statx)), -LINUX_ENOENT);
    CHECK_EQ(linux_statx(1, BAD, LINUX_AT_EMPTY_PATH, 0, user(&statx)), -LINUX_EFAULT);
    CHECK_EQ(linux_statx(1, NOWHERE, LINUX_AT_EMPTY_PATH, 0, user(&statx)), 0);
    CHECK_EQ(linux_statx(1, NOWHERE, LINUX_AT_NO_AUTOMOUNT, 0, user(&statx)), -LINUX_EFAULT);
}
