/* SPDX-License-Identifier: MIT */
/*
 * sh_builtins - the commands that the shell executes itself.
 */
#include "edit.h"
#include "sh.h"

enum { SCREEN_COLUMNS = 80 };

/* The descriptions of the programs, made from the first lines of their sources. */
static const struct {
    const char *name, *text;
} descriptions[] = {
#include "program_texts.h"
};

/* Convert `text` from decimal, up to the first character that is not a digit. */
static int number(const char *text)
{
    bool negative = *text == '-';
    unsigned value = 0;
    for (text += negative; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return (int)(negative ? -value : value);
}

static bool is_number(const char *text)
{
    text += *text == '-';
    const char *digits = text;
    while (*text >= '0' && *text <= '9')
        text++;
    return text > digits && *text == '\0';
}

static void run_exit(int argc, const char *const argv[])
{
    if (argc > 1 && !is_number(argv[1])) {
        printf("exit: %s is no number\n", argv[1]);
        return;
    }
    leave(argc > 1 ? number(argv[1]) : 0);
}

static void run_echo(int argc, const char *const argv[])
{
    char line[EDIT_LINE_BYTES] = ""; /* the words have room: they come from a line that had */
    size_t used = 0;
    for (int i = 1; i < argc; i++)
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i > 1 ? " " : "", argv[i]);
    printf("%s\n", line);
}

static void run_ls(int argc, const char *const argv[])
{
    const struct program_info *program;
    char line[SCREEN_COLUMNS + PROC_NAME_SIZE];
    size_t used = 0;
    bool lengthy = argc > 1 && strcmp(argv[1], "-l") == 0;
    if (argc > 1 && !lengthy) {
        printf("ls: there are no folders; ls -l prints sizes, too\n");
        return;
    }
    for (unsigned i = 0; (program = program_at(i)) != NULL; i++) {
        const char *name = program->name;
        if (lengthy) {
            printf("%8u %s\n", program->bytes, name);
            continue;
        }
        if (used > 0 && used + 2 + strlen(name) > SCREEN_COLUMNS) {
            printf("%s\n", line);
            used = 0;
        }
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", used > 0 ? "  " : "", name);
    }
    if (used > 0)
        printf("%s\n", line);
}

static void run_jobs(int argc, const char *const argv[])
{
    (void)argc, (void)argv;
    jobs_list();
}

/* The job that an argument `%2` or `2` names; none: the last one. Prints a sentence if there is none. */
static struct job *job_of(const char *name, int argc, const char *const argv[])
{
    const char *text = argc > 1 ? argv[1] : "";
    struct job *job = job_find(argc > 1 ? number(text + (*text == '%')) : 0);
    if (job == NULL)
        printf(argc > 1 ? "%s: there is no job %s: see jobs\n" : "%s: there is no job\n", name, text);
    return job;
}

static void run_fg(int argc, const char *const argv[])
{
    struct job *job = job_of("fg", argc, argv);
    if (job == NULL)
        return;
    give_terminal(job->pid); /* first: a ^C that is typed when the text is seen ends the job */
    printf("%s\n", job->text);
    job_wait(job);
}

static void run_kill(int argc, const char *const argv[])
{
    if (argc != 2) {
        printf("kill: give a pid, -GROUP, or %%JOB\n");
        return;
    }
    int target = 0;
    if (argv[1][0] == '%') {
        struct job *job = job_of("kill", argc, argv);
        target = job == NULL ? 0 : -job->pid;
    } else if (is_number(argv[1])) {
        target = number(argv[1]);
    } else {
        printf("kill: %s is no pid, -GROUP, or %%JOB\n", argv[1]);
    }
    int error = target == 0 ? 0 : kill(target);
    if (error == -E_INVAL)
        printf("kill: there is no %s %d that can be killed\n", target < 0 ? "group" : "process",
               target < 0 ? -target : target);
    else if (error != 0)
        printf("kill: %s has ended already\n", argv[1]);
}

static void run_time(int argc, const char *const argv[])
{
    struct command command = {.argc = argc - 1};
    if (argc < 2) {
        printf("time: give a program and its arguments\n");
        return;
    }
    for (int i = 1; i < argc; i++)
        command.argv[i - 1] = argv[i];
    unsigned start = gettime_msec();
    run_command(&command);
    unsigned passed = gettime_msec() - start;
    printf("time: %u.%02u s\n", passed / 1000, passed % 1000 / 10);
}

static void run_help(int argc, const char *const argv[]);

static const struct builtin {
    const char *name, *usage, *text;
    int most; /* arguments */
    void (*run)(int argc, const char *const argv[]);
} builtins[] = {
    {"help", "[NAME]", "this text, or what NAME does", 1, run_help},
    {"exit", "[CODE]", "leave the shell after its jobs; the first one powers off", 1, run_exit},
    {"ls", "[-l]", "list the programs; with -l their sizes, too", 1, run_ls},
    {"jobs", "", "list the programs in the background", 0, run_jobs},
    {"fg", "[JOB]", "bring a job, or the last one, into the foreground", 1, run_fg},
    {"kill", "PID", "end a process; %JOB: a job; -GROUP: a process group", 1, run_kill},
    {"time", "NAME ...", "run a program and print how long it took", EXEC_MAX_ARGS, run_time},
    {"echo", "[WORD]...", "print the words", EXEC_MAX_ARGS, run_echo},
};

/* docs/terminal.md has the same table; a test compares them. */
static const struct {
    const char *name, *text;
} keys[] = {
    {"^C, ^\\", "end the foreground program; ^C abandons a line of the shell"},
    {"^Z", "nothing: no program can be stopped; end it, or start it with &"},
    {"^T", "print all processes, at any moment"},
    {"^D", "in an empty line: the end of the input, which ends the shell"},
    {"Enter", "complete the line"},
    {"Backspace, ^H", "erase the character before the cursor"},
    {"^W, ^U", "erase the word before the cursor; all before the cursor"},
    {"Delete, ^D, ^K", "erase the character at the cursor; ^K: all from the cursor on"},
    {"Left, Right", "move by a character, as ^B and ^F"},
    {"Home, End", "move to an end of the line, as ^A and ^E"},
    {"Up, Down", "show the lines before, as ^P and ^N"},
    {"Tab", "complete the name of a program, or list what it may become"},
    {"^L", "clear the screen"},
};

static const struct builtin *find_builtin(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
        if (strcmp(name, builtins[i].name) == 0)
            return &builtins[i];
    return NULL;
}

static void print_builtin(const struct builtin *builtin)
{
    printf("%-5s%-10s %s\n", builtin->name, builtin->usage, builtin->text);
}

/* The description of a program, or NULL. */
static const char *describe(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++)
        if (strcmp(name, descriptions[i].name) == 0)
            return descriptions[i].text;
    return NULL;
}

static void run_help(int argc, const char *const argv[])
{
    if (argc < 2) {
        for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
            print_builtin(&builtins[i]);
        printf("NAME [ARG]...   run a program: hello, forktest, args a b c\n"
               "./NAME [ARG]... run the program NAME, not the command of this name: ./exit\n"
               "a; b runs one after the other, a & in the background; 'a b' is one word\n");
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            printf("%-15s %s\n", keys[i].name, keys[i].text);
        return;
    }
    const struct builtin *builtin = find_builtin(argv[1]);
    const char *text = describe(argv[1]);
    if (builtin != NULL)
        print_builtin(builtin);
    if (text != NULL)
        printf("%s%s: %s\n", builtin != NULL ? "./" : "", argv[1], text);
    if (builtin == NULL && text == NULL)
        printf("help: there is nothing about %s: see help and ls\n", argv[1]);
}

bool run_builtin(const struct command *command)
{
    const struct builtin *builtin = find_builtin(command->argv[0]);
    if (builtin == NULL)
        return false;
    if (command->argc - 1 <= builtin->most)
        builtin->run(command->argc, command->argv);
    else
        printf("%s: too many words; it is used as: %s%s%s\n", builtin->name, builtin->name,
               builtin->usage[0] != '\0' ? " " : "", builtin->usage);
    return true;
}

const char *builtin_name(unsigned i)
{
    return i < ARRAY_SIZE(builtins) ? builtins[i].name : NULL;
}
