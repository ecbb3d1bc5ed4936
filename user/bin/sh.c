/* SPDX-License-Identifier: MIT */
/*
 * sh - the shell: runs programs of the boot archive, in the foreground or as jobs.
 *
 * Every program runs in a process group of its own. The one in the foreground has the terminal, and ^C ends
 * it; the shell itself reads its lines in raw mode, where ^C is a byte.
 */
#include "sh.h"
#include "edit.h"
#include "ulib.h"
#include "words.h"

enum { LINE_SIZE = EDIT_LINE_BYTES, NO_COMMAND = 127 };

#define MODE_SHELL (TERM_STATUS | TERM_REDRAW) /* while it reads */

static struct edit_history history;

/* ---- reading ---- */

static int read_byte(char *byte)
{
    return read(STDIN, byte, 1);
}

static void write_text(const char *text, size_t n)
{
    write(STDOUT, text, n);
}

const struct program_info *program_at(unsigned i)
{
    static struct program_info *programs;
    static unsigned count; /* the archive does not change: it is read once */
    if (programs == NULL) {
        unsigned all = (unsigned)sys_programs(NULL, 0, 0);
        programs = sbrk(all * sizeof(*programs));
        if (programs != NULL && sys_programs(programs, all, 0) >= 0)
            count = all;
    }
    return i < count ? &programs[i] : NULL;
}

/* The i-th name that begins with line[from..to): of a builtin command, then of a program. */
static const char *complete_name(const char *line, size_t from, size_t to, unsigned i)
{
    const struct program_info *program;
    const char *name;
    for (unsigned at = 0; (name = builtin_name(at)) != NULL; at++)
        if (strncmp(name, line + from, to - from) == 0 && i-- == 0)
            return name;
    for (unsigned at = 0; (program = program_at(at)) != NULL; at++)
        if (strncmp(program->name, line + from, to - from) == 0 && i-- == 0)
            return program->name;
    return NULL;
}

/* Read a line. Returns false at the end of the input. */
static bool read_line(char *line)
{
    static const struct edit_terminal terminal = {read_byte, write_text, complete_name};
    line[0] = '\0';
    int result = edit_line(&terminal, "$ ", line, LINE_SIZE, &history);
    if (result == EDIT_END) {
        printf("\n");
        return false;
    }
    if (result == EDIT_TOO_LONG)
        printf("sh: the line has more than %d bytes: nothing was run\n", LINE_SIZE - 1);
    if (result == EDIT_TOO_LONG || result == EDIT_ABANDONED)
        line[0] = '\0';
    else if (result < 0)
        panic("cannot read the console: %s", error_text(result));
    return true;
}

/* ---- running ---- */

void give_terminal(int group)
{
    tcsetpgrp(group);
    tcsetmode(TERM_USUAL);
}

void take_terminal(void)
{
    tcsetmode(MODE_SHELL); /* first: ^C must not reach the shell's own group */
    tcsetpgrp(getpgid(0));
}

/* In the child: execute the program, or print why that failed. */
NORETURN static void run_program(const struct command *command)
{
    setpgid(0, 0);
    if (!command->background)
        give_terminal(getpid());
    int error = exec(command->argv[0], command->argc, command->argv);
    if (error == -E_NOENT)
        printf("%s: no such program\n", command->argv[0]);
    else
        printf("%s: cannot be run: %s\n", command->argv[0], error_text(error));
    exit(0);
}

static void spawn_program(const struct command *command)
{
    struct job *job = job_room();
    if (job == NULL) {
        printf("sh: there are %d jobs: end one (kill) or wait for one (fg)\n", MAX_JOBS);
        return;
    }
    int pid = fork();
    if (pid == 0)
        run_program(command);
    if (pid < 0) {
        printf("%s: cannot be run: %s\n", command->argv[0], error_text(pid));
        return;
    }
    setpgid(pid, 0); /* the child does the same: the first of them decides */
    job_start(job, pid, command);
    if (command->background)
        printf("[%d] %d\n", job->number, pid);
    else
        job_wait(job);
}

void run_command(struct command *command)
{
    if (strncmp(command->argv[0], "./", 2) == 0)
        command->argv[0] += 2;
    else if (run_builtin(command))
        return;
    spawn_program(command);
}

/* Run the commands of a line; none of them if one is wrong. */
static void run_line(const char *line)
{
    char words[LINE_SIZE];
    struct command command;
    for (int round = 0; round < 2; round++) {
        const char *at = line, *wrong;
        for (;;) {
            char *room = words;
            wrong = words_next(&at, &room, &command);
            if (wrong != NULL) {
                printf("%s: %s\n", command.argc > 0 ? command.argv[0] : "sh", wrong);
                return;
            }
            if (command.argc == 0)
                break;
            if (round == 1)
                run_command(&command);
        }
    }
}

NORETURN void leave(int code)
{
    jobs_wait_all();
    exit(code);
}

int main(int argc, char *argv[])
{
    char line[LINE_SIZE];
    if (argc > 1) { /* as system() starts it in a program for Linux: it must not wait for the terminal then */
        printf("sh: this shell takes no arguments, such as %s\n", argv[1]);
        return NO_COMMAND;
    }
    setpgid(0, 0);
    take_terminal();
    do {
        jobs_report();
        if (!read_line(line))
            leave(0);
        run_line(line);
    } while (true);
}
