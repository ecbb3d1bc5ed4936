/* SPDX-License-Identifier: MIT */
/*
 * linux_error.c: an error of ucow is an error of Linux, whatever its number, and a result stays what it is.
 */
#include <ucow/errno.h>

#include "proc/abi.h"
#include "sys/linux.h"
#include "unit.h"

static int copies; /* what a copy returns */
const struct abi syscall_abi;

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    (void)to, (void)from, (void)n;
    return copies;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    (void)to, (void)from, (void)n;
    return copies;
}

/* Linux's errors, whose results are -1 to -4095, are below 134 on the i386. */
TEST(each_error_is_one_of_linux)
{
#define X(name, number, text) CHECK(linux_error(-number) < 0 && linux_error(-number) > -134);
    UCOW_ERRORS(X)
#undef X
    for (int error = 1; error < 300; error++)
        CHECK(linux_error(-error) < 0 && linux_error(-error) > -134);
    CHECK_EQ(linux_error(-E_UNIMP), -LINUX_EINVAL);
    CHECK_EQ(linux_error(-E_NO_MEM), -LINUX_ENOMEM);
    CHECK_EQ(linux_error(-E_BUSY), -LINUX_EAGAIN);
    CHECK_EQ(linux_error(INT32_MIN), -LINUX_EINVAL);
}

/* As the manual pages of fork, execve, wait, kill, futex and read name them. */
TEST(errors_are_those_that_linux_documents)
{
    static const struct {
        int error, linux_error;
    } documented[] = {{E_NO_FREE_PROC, LINUX_EAGAIN}, {E_NO_MEM, LINUX_ENOMEM},     {E_TOO_BIG, LINUX_E2BIG},
                      {E_NOENT, LINUX_ENOENT},        {E_INVAL_ELF, LINUX_ENOEXEC}, {E_KILLED, LINUX_EINTR},
                      {E_BAD_PROC, LINUX_ESRCH},      {E_TIMEOUT, LINUX_ETIMEDOUT}, {E_FAULT, LINUX_EFAULT},
                      {E_SWAP_FAULT, LINUX_EIO},      {E_NO_DEV, LINUX_EIO},        {E_INVAL, LINUX_EINVAL}};
    for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
        CHECK_EQ(linux_error(-documented[i].error), -documented[i].linux_error);
}

TEST(a_result_is_no_error)
{
    CHECK_EQ(linux_error(0), 0);
    CHECK_EQ(linux_error(1), 1);
    CHECK_EQ(linux_error(INT32_MAX), INT32_MAX);
}

TEST(a_bad_address_is_efault)
{
    copies = -E_INVAL;
    CHECK_EQ(linux_get(NULL, (struct uaddr){0}, 1), -LINUX_EFAULT);
    CHECK_EQ(linux_put((struct uaddr){0}, NULL, 1), -LINUX_EFAULT);
    copies = -E_NO_MEM;
    CHECK_EQ(linux_get(NULL, (struct uaddr){0}, 1), -LINUX_ENOMEM);
    copies = 0;
    CHECK_EQ(linux_put((struct uaddr){0}, NULL, 1), 0);
}
