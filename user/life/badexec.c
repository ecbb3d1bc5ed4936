/* SPDX-License-Identifier: MIT */
/*
 * badexec - a failed exec leaves its caller unchanged and returns the documented error; the largest
 * allowed argument lists work (D04, D87).
 */
#include "check.h"

/* Execute args with `count` arguments of one letter each. */
static int exec_count(void *count)
{
    const char *argv[EXEC_MAX_ARGS + 1];
    for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
        argv[i] = "a";
    return exec("args", (int)(intptr_t)count, argv);
}

/* Execute args with two arguments that take `bytes` bytes, NULs included. */
static int exec_bytes(void *bytes)
{
    static char text[EXEC_MAX_BYTES + 1];
    const char *const argv[] = {"args", text};
    size_t length = (size_t)bytes - sizeof("args") - 1;
    memset(text, 'b', length);
    text[length] = '\0';
    return exec("args", 2, argv);
}

int main(void)
{
    const char *const argv[] = {"name", "argument"};
    char long_name[200];
    memset(long_name, 'n', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    char longer_than_args[] = "argsargs";

    CHECK(exec("nosuch", 2, argv), -E_NOENT, "exec of an unknown program");
    CHECK(exec("", 2, argv), -E_NOENT, "exec of an empty name");
    CHECK(exec(longer_than_args, 2, argv), -E_NOENT, "exec of a name with a known beginning");
    CHECK(exec("arg", 2, argv), -E_NOENT, "exec of the beginning of a name");
    int error = exec(long_name, 2, argv);
    CHECK(error == -E_NOENT || error == -E_TOO_BIG, true, "exec of a long name refused");
    CHECK(exec("args", -1, argv), -E_INVAL, "exec with argc -1");
    CHECK(exec("args", INT32_MIN, argv), -E_INVAL, "exec with argc INT_MIN");
    CHECK(exec("args", 2, NULL), -E_INVAL, "exec without argv");
    CHECK(exec("args", INT32_MAX, argv), -E_TOO_BIG, "exec with argc INT_MAX");
    CHECK(exec_count((void *)(EXEC_MAX_ARGS + 1)), -E_TOO_BIG, "exec with 65 arguments");
    CHECK(exec_bytes((void *)(EXEC_MAX_BYTES + 1)), -E_TOO_BIG, "exec with 4097 bytes of arguments");

    CHECK(child_code(exec_count, (void *)0), 0, "exit code of args with no argument");
    CHECK(child_code(exec_count, (void *)EXEC_MAX_ARGS), 0, "exit code of args with 64 arguments");
    CHECK(child_code(exec_bytes, (void *)EXEC_MAX_BYTES), 0, "exit code of args with 4096 bytes");
    return pass();
}
