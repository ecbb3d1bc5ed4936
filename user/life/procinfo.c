/* SPDX-License-Identifier: MIT */
/*
 * procinfo - what procs() reports: a new child has its parent's name and defined values in all other
 * fields, and a zombie has its exit code and the reason for its end (D45, D46, D49).
 */
#include "check.h"

/* The values of proc_info.exit_reason. */
enum { BY_EXIT, BY_KILL, BY_FAULT };

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

static int wait_for_kill(void *arg)
{
    (void)arg;
    return sleep(100000);
}

static int fault(void *arg)
{
    return *(volatile int *)arg;
}

static int become_args(void *arg)
{
    const char *const argv[] = {"args", arg};
    return exec("args", ARRAY_SIZE(argv), argv);
}

static int start(int (*body)(void *arg), void *arg)
{
    int pid = fork();
    if (pid == 0)
        exit(body(arg));
    assert(pid > 0);
    return pid;
}

static void check_self(const char *name)
{
    struct proc_info me = proc_of(getpid());
    printf("procinfo: I am \"%s\"\n", me.name);
    CHECK(strcmp(me.name, name), 0, "name, compared");
    CHECK(me.parent, 1, "parent");
    CHECK((int)me.state, RUNNING, "state");
    CHECK((int)me.killed, 0, "killed");
    CHECK(me.runs > 0 && me.pages > 0, true, "has run and has pages");
}

/* Check a child that has not run yet. */
static void check_newborn(const char *name)
{
    int pid = start(answer, NULL);
    struct proc_info child = proc_of(pid);
    CHECK(strcmp(child.name, name), 0, "newborn's name, compared");
    CHECK(child.parent, getpid(), "newborn's parent");
    CHECK((int)child.state, RUNNABLE, "newborn's state");
    CHECK((int)child.runs, 0, "newborn's runs");
    CHECK((int)child.killed + child.exit_code + (int)child.exit_reason, 0,
          "newborn's killed, code and reason");
    CHECK(code_of(pid), 0, "newborn's end");
}

/* Check what procs() reports about a zombie, and reap it. */
static void check_dead(int pid, const char *what, int code, unsigned reason, const char *name)
{
    await_state(pid, ZOMBIE);
    struct proc_info child = proc_of(pid);
    CHECK(child.exit_code, code, "code of the %s", what);
    CHECK((int)child.exit_reason, (int)reason, "reason of the %s", what);
    CHECK((int)child.killed, reason == BY_KILL, "killed flag of the %s", what);
    CHECK((int)child.pages, 0, "pages of the %s", what);
    CHECK(strcmp(child.name, name), 0, "name of the %s, compared", what);
    CHECK(code_of(pid), code, "what wait says of the %s", what);
}

int main(int argc, char *argv[])
{
    const char *name = argv[0];
    assert(argc == 1);
    check_self(name);
    check_newborn(name);
    check_dead(start(answer, (void *)-E_KILLED), "child that exits with -9", -E_KILLED, BY_EXIT, name);
    int pid = start(wait_for_kill, NULL);
    CHECK(kill(pid), 0, "kill");
    check_dead(pid, "child that is killed", -E_KILLED, BY_KILL, name);
    check_newborn(name);
    check_dead(start(fault, NULL), "child that faults", -E_KILLED, BY_FAULT, name);
    check_dead(start(become_args, "x"), "child that was args", 0, BY_EXIT, "args");
    return pass();
}
