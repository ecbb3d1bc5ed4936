/* SPDX-License-Identifier: MIT */
/*
 * sh_jobs - the programs that the shell has started.
 */
#include "sh.h"

static struct job jobs[MAX_JOBS];

struct job *job_room(void)
{
    for (int i = 0; i < MAX_JOBS; i++)
        if (jobs[i].number == 0)
            return &jobs[i];
    return NULL;
}

void job_start(struct job *job, int pid, const struct command *command)
{
    size_t used = 0;
    *job = (struct job){.number = (int)(job - jobs) + 1, .pid = pid, .background = command->background};
    for (int i = 0; i < command->argc && used < sizeof(job->text); i++)
        used += (size_t)snprintf(job->text + used, sizeof(job->text) - used, "%s%s", i > 0 ? " " : "",
                                 command->argv[i]);
}

/* Reap one child. Returns what waitany() returns. */
static int reap(unsigned flags)
{
    int pid, code;
    int result = waitany(&pid, &code, flags);
    for (int i = 0; result == 0 && i < MAX_JOBS; i++) {
        if (jobs[i].number != 0 && jobs[i].pid == pid) {
            jobs[i].ended = true;
            jobs[i].code = code;
        }
    }
    return result;
}

/* The first word of the command. */
static int name_length(const struct job *job)
{
    const char *blank = strchr(job->text, ' ');
    return blank == NULL ? (int)strlen(job->text) : (int)(blank - job->text);
}

void job_wait(struct job *job)
{
    while (!job->ended && reap(0) == 0)
        ;
    take_terminal();
    if (job->code != 0)
        printf("%.*s: exit code %d\n", name_length(job), job->text, job->code);
    job->number = 0;
}

struct job *job_find(int number)
{
    struct job *last = NULL;
    for (int i = 0; i < MAX_JOBS; i++)
        if (jobs[i].number != 0 && (number == 0 || jobs[i].number == number))
            last = &jobs[i];
    return last;
}

static void print_job(const struct job *job)
{
    if (!job->ended)
        printf("[%d] %5d running      %s\n", job->number, job->pid, job->text);
    else if (job->code == 0)
        printf("[%d] %5d done         %s\n", job->number, job->pid, job->text);
    else
        printf("[%d] %5d exit code %d  %s\n", job->number, job->pid, job->code, job->text);
}

void jobs_report(void)
{
    while (reap(WNOHANG) == 0)
        ;
    for (int i = 0; i < MAX_JOBS; i++) {
        if (jobs[i].number != 0 && jobs[i].ended) {
            print_job(&jobs[i]);
            jobs[i].number = 0;
        }
    }
}

void jobs_list(void)
{
    while (reap(WNOHANG) == 0)
        ;
    for (int i = 0; i < MAX_JOBS; i++) {
        if (jobs[i].number != 0) {
            print_job(&jobs[i]);
            if (jobs[i].ended) /* that it has ended is said once */
                jobs[i].number = 0;
        }
    }
}

void jobs_wait_all(void)
{
    struct job *job;
    jobs_report();
    while ((job = job_find(0)) != NULL) {
        give_terminal(job->pid);
        printf("sh: waits for [%d] %s; ^C ends it\n", job->number, job->text);
        job_wait(job);
    }
}
