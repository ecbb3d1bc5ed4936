/* SPDX-License-Identifier: MIT */
/*
 * sh - the shell: runs a program of the boot archive with arguments and waits for it.
 */
#include "ulib.h"

enum { LINE_SIZE = 256 };

/* Split `line` at its spaces, in place, and store the words that fit. Returns the number of all words. */
static int split(char *line, const char *words[EXEC_MAX_ARGS])
{
    int count = 0;
    char before = ' ';
    for (char *c = line; *c != '\0'; c++) {
        char here = *c;
        if (here == ' ')
            *c = '\0';
        else if (before == ' ' && count++ < EXEC_MAX_ARGS)
            words[count - 1] = c;
        before = here;
    }
    return count;
}

/* Convert `text` from decimal, up to the first character that is not a digit. */
static int number(const char *text)
{
    bool negative = *text == '-';
    unsigned value = 0;
    for (text += negative; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return (int)(negative ? -value : value);
}

static void help(void)
{
    printf("help         this text\n");
    printf("exit [code]  leave the shell; the first one's end powers the machine off\n");
    printf("NAME [ARG]... runs program NAME of the boot archive: hello, forktest, args a b c\n");
}

/* In the child: execute the program, or print why that failed. */
NORETURN static void run(int argc, const char *const argv[])
{
    int error = exec(argv[0], argc, argv);
    if (error == -E_NOENT)
        printf("%s: no such program\n", argv[0]);
    else
        printf("%s: cannot be run: %s\n", argv[0], error_text(error));
    exit(0);
}

static void run_and_wait(int argc, const char *const argv[])
{
    int pid = fork();
    if (pid == 0)
        run(argc, argv);
    if (pid < 0) {
        printf("%s: cannot be run: %s\n", argv[0], error_text(pid));
        return;
    }
    int code;
    assert(waitpid(pid, &code) == 0);
    if (code != 0)
        printf("%s: exit code %d\n", argv[0], code);
}

int main(void)
{
    char line[LINE_SIZE];
    const char *argv[EXEC_MAX_ARGS];
    for (;;) {
        printf("$ ");
        int length = readline(line, sizeof(line));
        if (length == READLINE_END) {
            printf("\n");
            return 0;
        }
        if (length < 0)
            panic("cannot read the console: %s", error_text(length));
        int argc = split(line, argv);
        if (argc == 0)
            continue;
        if (argc > EXEC_MAX_ARGS)
            printf("%s: more than %d words\n", argv[0], EXEC_MAX_ARGS);
        else if (strcmp(argv[0], "help") == 0)
            help();
        else if (strcmp(argv[0], "exit") == 0)
            return argc > 1 ? number(argv[1]) : 0;
        else
            run_and_wait(argc, argv);
    }
}
