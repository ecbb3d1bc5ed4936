/* SPDX-License-Identifier: MIT */
/*
 * unit - registers the tests, runs them one by one, prints TAP, and what failed on stderr.
 */
#include "unit.h"
#include "watch/panic.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct proc;

#define COPY_PANICKED 42

static struct unit_test *first_test;
static struct unit_test **last_link = &first_test;

static jmp_buf test_end; /* a failed check jumps here */
static uint64_t random_state;

bool unit_in_copy;
static pid_t copy;
static FILE *copy_output;

/* With -Dcoverage=true the compiler provides these: add the counts so far to the profile file; return the
 * name of that file, which the caller frees. */
__attribute__((weak)) int __llvm_profile_write_file(void);
__attribute__((weak)) char *__llvm_profile_get_filename(void);

void unit_register(struct unit_test *test)
{
    *last_link = test;
    last_link = &test->next;
}

/* Exit from a copy. Adds its coverage counts to the profile file. */
_Noreturn static void end_copy(int status)
{
    fflush(stdout);
    if (__llvm_profile_write_file != NULL)
        __llvm_profile_write_file();
    _exit(status);
}

/* End the running test as failed. */
_Noreturn static void end_test(void)
{
    if (unit_in_copy)
        end_copy(COPY_PANICKED);
    longjmp(test_end, 1);
}

/* Where messages go: Meson shows the errors of a test that speaks TAP, not its output. The output of a copy
 * is read by its original. */
static FILE *messages(void)
{
    return unit_in_copy ? stdout : stderr;
}

static void say(const char *what, const char *format, va_list args)
{
    fprintf(messages(), "# %s: ", what);
    vfprintf(messages(), format, args);
    fprintf(messages(), "\n");
}

/* Called by the kernel's panic() and ASSERT(). */
void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("kernel panic", format, args);
    va_end(args);
    end_test();
}

/* Called for the kernel's check reports. */
void report_begin(const struct report *report, const char *format, ...)
{
    va_list args;

    (void)report;
    va_start(args, format);
    say("kernel check failed", format, args);
    va_end(args);
}

void report_end(const struct report *report)
{
    (void)report;
    if (unit_in_copy)
        fprintf(messages(), "# the report ends\n"); /* so that PANICS() can tell that nothing follows */
    end_test();
}

void check_failed(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("kernel check failed", format, args);
    va_end(args);
    end_test();
}

/* No rule of proc_rules.h is ever due. */
__attribute__((weak)) unsigned rules_wait;
__attribute__((weak)) bool rules_begin(void)
{
    return false;
}

__attribute__((weak)) void rules_running(void)
{
}

__attribute__((weak)) void rules_found(int pid, const struct proc *zombie)
{
    (void)pid, (void)zombie;
}

__attribute__((weak)) void rules_ended(int code)
{
    (void)code;
}

__attribute__((weak)) int trace_pid(void)
{
    return 0;
}

bool exercises_missing(void)
{
    return false;
}

/* Print the failed check and end the test. */
_Noreturn static void fail_at(const char *file, int line, const char *format, ...)
{
    char place[256];
    va_list args;

    snprintf(place, sizeof(place), "%s:%d", file, line);
    va_start(args, format);
    say(place, format, args);
    va_end(args);
    end_test();
}

static void must(bool worked, const char *what)
{
    if (!worked) {
        perror(what);
        exit(1);
    }
}

bool unit_copy(void)
{
    int ends[2];

    fflush(stdout);
    must(pipe(ends) == 0, "pipe");
    copy = fork();
    must(copy >= 0, "fork");
    unit_in_copy = copy == 0;
    if (unit_in_copy) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
    } else {
        copy_output = fdopen(ends[0], "r");
    }
    close(ends[1]);
    return unit_in_copy;
}

void unit_copy_survived(void)
{
    end_copy(0);
}

bool unit_copy_panicked(const char *words)
{
    char text[4096];
    int status;

    text[fread(text, 1, sizeof(text) - 1, copy_output)] = '\0';
    fclose(copy_output);
    must(waitpid(copy, &status, 0) == copy, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == COPY_PANICKED && strstr(text, words) != NULL)
        return true;
    fprintf(messages(), "# expected a panic that says \"%s\", got status 0x%x\n", words, (unsigned)status);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        fprintf(messages(), "#   %s\n", line);
    return false;
}

void unit_check(bool ok, const char *file, int line, const char *text)
{
    if (!ok)
        fail_at(file, line, "expected %s", text);
}

struct shown {
    char text[48];
};

/* A number, in hexadecimal too unless it is negative. */
static struct shown shown(intmax_t number)
{
    struct shown shown;
    if (number < 0)
        snprintf(shown.text, sizeof(shown.text), "%" PRIdMAX, number);
    else
        snprintf(shown.text, sizeof(shown.text), "%" PRIdMAX " (0x%" PRIxMAX ")", number, (uintmax_t)number);
    return shown;
}

void unit_check_eq(intmax_t a, intmax_t b, const char *file, int line, const char *text)
{
    if (a != b)
        fail_at(file, line, "expected %s, but %s != %s", text, shown(a).text, shown(b).text);
}

void unit_check_str_eq(const char *a, const char *b, const char *file, int line, const char *text)
{
    if (strcmp(a, b) != 0)
        fail_at(file, line, "expected %s, but \"%s\" != \"%s\"", text, a, b);
}

/* xorshift64 (Marsaglia, 2003): the state must not be 0. */
uint64_t unit_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

unsigned unit_below(unsigned n)
{
    return (unsigned)(unit_random() >> 32) % n;
}

/* Start the counts of this run at 0. */
static void forget_counts(void)
{
    if (__llvm_profile_get_filename != NULL) {
        char *file = __llvm_profile_get_filename();
        remove(file);
        free(file);
    }
}

static bool passes(const struct unit_test *test)
{
    random_state = 0x9E3779B97F4A7C15;
    if (setjmp(test_end) != 0)
        return false;
    test->run();
    return true;
}

static bool is_wanted(const struct unit_test *test, const char *filter)
{
    return strstr(test->name, filter) != NULL;
}

/* Go on after test `number` of this run, which failed, in a fresh process: the failure left everything in the
 * middle of something, and the next tests would fail too. */
_Noreturn static void go_on(char *program, char *filter, int number, int failed)
{
    char done[16], lost[16];
    char *const args[] = {program, filter, done, lost, NULL};

    snprintf(done, sizeof(done), "%d", number);
    snprintf(lost, sizeof(lost), "%d", failed);
    fflush(stdout);
    if (__llvm_profile_write_file != NULL)
        __llvm_profile_write_file();
    execv("/proc/self/exe", args);
    must(false, "exec");
    abort();
}

/* With an argument, run only the tests whose names contain it. go_on() adds how many tests of the run are
 * over, and how many of them failed. */
int main(int argc, char **argv)
{
    char *filter = argc > 1 ? argv[1] : "";
    int done = argc > 2 ? atoi(argv[2]) : 0, failed = argc > 3 ? atoi(argv[3]) : 0;
    int planned = 0, number = 0;

    if (done == 0)
        forget_counts();
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that a crash loses no output */
    for (struct unit_test *test = first_test; test != NULL; test = test->next)
        planned += is_wanted(test, filter);
    if (planned == 0) {
        printf("Bail out! no test has \"%s\" in its name\n", filter);
        return 1;
    }
    if (done == 0)
        printf("1..%d\n", planned);
    for (struct unit_test *test = first_test; test != NULL; test = test->next) {
        bool ok;

        if (!is_wanted(test, filter) || ++number <= done)
            continue;
        ok = passes(test);
        failed += !ok;
        printf("%s %d - %s\n", ok ? "ok" : "not ok", number, test->name);
        if (!ok) {
            fprintf(stderr,
                    "# test %s failed; repeat it with: %s %s\n"
                    "# in the debugger: gdb -ex 'break end_test' -ex run --args %s %s\n",
                    test->name, argv[0], test->name, argv[0], test->name);
            go_on(argv[0], filter, number, failed);
        }
    }
    return failed != 0;
}
