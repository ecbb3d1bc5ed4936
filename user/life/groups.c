/* SPDX-License-Identifier: MIT */
/*
 * groups - process groups: who may join which, and kill() of a whole group.
 *
 * `groups`: every call with every kind of number. `groups relay`: kill() of a group whose members fork and
 * exit all the time leaves none, nor of one with many members. `groups reserve`: no new process gets the
 * number of a group that has members; run it with few pids: max_procs=16.
 */
#include "check.h"

enum { NO_PID = 99999, TRIES = 64, RELAYS = 4, MOST = 100 };

static int sleep_long(void *arg)
{
    (void)arg;
    return sleep(1000000);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* Start a child that runs body(arg), in group `group` (0: its own, below 0: its parent's). */
static int start(int group, int (*body)(void *arg), void *arg)
{
    int pid = fork();
    if (pid == 0) {
        while (group >= 0 && getpgid(0) != (group == 0 ? getpid() : group))
            yield(); /* so that its own children are in the group */
        exit(body(arg));
    }
    assert(pid > 0);
    assert(group < 0 || setpgid(pid, group) == 0);
    return pid;
}

static void end(int pid)
{
    assert(kill(pid) == 0);
    assert(code_of(pid) == -E_KILLED);
}

static int own_group_is(void *group)
{
    return getpgid(0) == (int)(intptr_t)group;
}

static int found_group(void *unused)
{
    (void)unused;
    return setpgid(0, 0) == 0 && getpgid(0) == getpid() && getpgid(getpid()) == getpid() &&
           child_code(own_group_is, (void *)getpid()) == 1;
}

static void check_inheritance(void)
{
    CHECK(getpgid(0), getpid(), "the first program's group");
    CHECK(child_code(own_group_is, (void *)getpid()), 1, "a child is in its parent's group");
    CHECK(child_code(found_group, NULL), 1, "a child founds a group, its child inherits it");
    int child = start(0, sleep_long, NULL);
    CHECK(getpgid(child) == child, true, "setpgid(child, 0) gives it a group of its own");
    int second = start(child, sleep_long, NULL);
    CHECK(getpgid(second) == child, true, "setpgid(second, child) adds one");
    CHECK(setpgid(second, getpgid(0)), 0, "and back into the parent's group");
    CHECK(getpgid(second) == getpid(), true, "where it is");
    end(second);
    end(child);
    CHECK(setpgid(0, child), -E_INVAL, "setpgid(0, a group that is gone)");
}

static int set_parent(void *parent)
{
    return setpgid((int)(intptr_t)parent, 0);
}

/* Leave a child behind, and say which pid it has. */
static int leave_child(void *child)
{
    *(volatile int *)child = start(-1, sleep_long, NULL);
    return 0;
}

static void check_strangers(void)
{
    static const int numbers[] = {-1, INT32_MIN};
    volatile int *left = map_pages(PAGE_SIZE, MAP_SHARED);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        CHECK(setpgid(numbers[i], 0), -E_INVAL, "setpgid(%d, 0)", numbers[i]);
        CHECK(setpgid(0, numbers[i]), -E_INVAL, "setpgid(0, %d)", numbers[i]);
        CHECK(getpgid(numbers[i]), -E_BAD_PROC, "getpgid(%d)", numbers[i]);
        CHECK(tcsetpgrp(numbers[i]), -E_INVAL, "tcsetpgrp(%d)", numbers[i]);
    }
    CHECK(setpgid(NO_PID, 0), -E_BAD_PROC, "setpgid(99999, 0)");
    CHECK(setpgid(INT32_MAX, 0), -E_BAD_PROC, "setpgid(INT_MAX, 0)");
    CHECK(setpgid(0, NO_PID), -E_INVAL, "setpgid(0, 99999)");
    CHECK(setpgid(1, 0), -E_BAD_PROC, "setpgid of init");
    CHECK(setpgid(0, 1), -E_INVAL, "setpgid into init's group");
    CHECK(getpgid(1), 1, "getpgid of init");
    CHECK(getpgid(NO_PID), -E_BAD_PROC, "getpgid(99999)");
    CHECK(child_code(set_parent, (void *)getpid()), -E_BAD_PROC, "setpgid of the parent");
    CHECK(child_code(leave_child, (void *)left), 0, "a child leaves a child");
    CHECK(setpgid(*left, 0), -E_BAD_PROC, "setpgid of a grandchild");
    CHECK(kill(*left), 0, "kill of it");
}

static void check_terminal(void)
{
    CHECK(tcsetpgrp(0), -E_INVAL, "tcsetpgrp(0)");
    CHECK(tcsetpgrp(1), -E_INVAL, "tcsetpgrp of init's group");
    CHECK(tcsetpgrp(NO_PID), -E_INVAL, "tcsetpgrp(99999)");
    int child = start(0, nothing, NULL);
    CHECK(tcsetpgrp(child), 0, "tcsetpgrp of a child's group");
    await_state(child, ZOMBIE);
    CHECK(tcsetpgrp(child), 0, "tcsetpgrp of a zombie's group");
    code_of(child);
    CHECK(tcsetpgrp(child), -E_INVAL, "tcsetpgrp of a group that is gone");
    CHECK(tcsetpgrp(getpgid(0)), 0, "tcsetpgrp of the own group");
}

static void check_parents(void)
{
    int parent = getpid();
    int pid = fork();
    if (pid == 0)
        exit(getppid());
    CHECK(code_of(pid) == parent, true, "a child's getppid() is its parent");
    CHECK(getppid(), 1, "the first program's getppid()");
    volatile int *seen = map_pages(PAGE_SIZE, MAP_SHARED);
    pid = fork();
    if (pid == 0) {
        *seen = getpid();
        if (fork() == 0) {
            while (getppid() == *seen)
                yield();
            *seen = getppid();
        }
        exit(0);
    }
    code_of(pid);
    while (*seen == pid)
        yield();
    CHECK(*seen, 1, "an orphan's getppid()");
}

static void check_zombie(void)
{
    int zombie = start(-1, nothing, NULL);
    await_state(zombie, ZOMBIE);
    CHECK(setpgid(zombie, 0), 0, "setpgid of a zombie");
    CHECK(getpgid(zombie) == zombie, true, "getpgid of a zombie");
    CHECK(kill(-zombie), -E_KILLED, "kill of a group of zombies");
    CHECK(code_of(zombie), 0, "the zombie's code");
    CHECK(kill(-zombie), -E_INVAL, "kill of a group that is gone");
    CHECK(getpgid(zombie), -E_BAD_PROC, "getpgid of the reaped");
}

static int kill_own_group(void *unused)
{
    (void)unused;
    return kill(-getpgid(0));
}

static int keep_child(void *unused)
{
    return start(-1, sleep_long, unused) < 0 ? 1 : sleep_long(NULL);
}

static void check_kill(void)
{
    static const int none[] = {-1, INT32_MIN, -INT32_MAX, -NO_PID};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        CHECK(kill(none[i]), -E_INVAL, "kill(%d)", none[i]);
    int outside = start(-1, sleep_long, NULL);
    int first = start(0, sleep_long, NULL), second = start(first, keep_child, NULL);
    sleep(2); /* its child is there */
    CHECK(kill(-outside), -E_INVAL, "kill of a number that is no group");
    CHECK(kill(-first), 0, "kill of a group");
    CHECK(kill(-first), -E_KILLED, "kill of the dying group");
    CHECK(code_of(first), -E_KILLED, "code of its founder");
    CHECK(code_of(second), -E_KILLED, "code of its other member");
    while (kill(-first) != -E_INVAL)
        yield(); /* until init has reaped the second's child */
    CHECK(proc_of(outside).killed, 0, "killed, for the process outside");
    end(outside);
    first = start(0, sleep_long, NULL);
    second = start(first, kill_own_group, NULL);
    int codes = code_of(first) == -E_KILLED && code_of(second) == -E_KILLED;
    CHECK(codes, true, "a member kills its group, itself included");
}

/* Fork a child that does the same, and exit. */
NORETURN static void run_relay(volatile unsigned *rounds)
{
    for (;;) {
        ++*rounds;
        int pid = fork();
        if (pid > 0)
            exit(0);
    }
}

/* Fill the table of processes with members of a group, or make `most`, and kill them by one call. */
static void check_crowd(int most)
{
    static int members[MOST];
    int n = 1, killed = 0;
    members[0] = start(0, sleep_long, NULL);
    for (int pid; n < most && (pid = fork()) >= 0; n++) {
        if (pid == 0)
            exit(sleep_long(NULL));
        assert(setpgid(pid, members[0]) == 0);
        members[n] = pid;
    }
    CHECK(kill(-members[0]), 0, "kill of a crowd");
    for (int i = 0; i < n; i++)
        killed += kill(members[i]) == -E_KILLED; /* as it was killed before */
    for (int i = 0; i < n; i++)
        code_of(members[i]);
    CHECK(n - killed, 0, "members of it that outlive that");
}

static int relay(void)
{
    check_crowd(MOST);
    volatile unsigned *rounds = map_pages(PAGE_SIZE, MAP_SHARED);
    int group = start(0, sleep_long, NULL);
    for (int i = 0; i < RELAYS; i++) {
        int pid = fork();
        if (pid == 0) {
            while (getpgid(0) != group)
                yield();
            run_relay(rounds);
        }
        assert(setpgid(pid, group) == 0);
    }
    sleep(5);
    CHECK(*rounds > RELAYS, true, "the relay runs");
    CHECK(kill(-group), 0, "kill of its group");
    unsigned after = *rounds;
    sleep(5);
    CHECK((int)(*rounds - after), 0, "rounds after that");
    while (wait() == 0)
        ;
    while (kill(-group) != -E_INVAL)
        yield();
    return pass();
}

static int reserve(void)
{
    int leader = start(0, nothing, NULL), member = start(leader, sleep_long, NULL);
    CHECK(code_of(leader), 0, "the founder has ended");
    int got = 0;
    for (int i = 0; i < TRIES; i++) {
        int pid = start(-1, nothing, NULL);
        got += pid == leader;
        code_of(pid);
    }
    CHECK(got, 0, "new processes with the number of the group");
    CHECK(getpgid(member) == leader, true, "the group is still there");
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    CHECK((int)info.processes, 3, "processes: init, this one, the member");
    end(member);
    for (int i = 0; i < TRIES; i++) {
        int pid = start(-1, nothing, NULL);
        got += pid == leader;
        code_of(pid);
    }
    CHECK(got > 0, true, "afterwards the number is a process's again");
    check_crowd(MOST); /* the table is full before */
    return pass();
}

int main(int argc, char *argv[])
{
    if (argc == 2 && strcmp(argv[1], "relay") == 0)
        return relay();
    if (argc == 2 && strcmp(argv[1], "reserve") == 0)
        return reserve();
    check_inheritance();
    check_strangers();
    check_terminal();
    check_parents();
    check_zombie();
    check_kill();
    return pass();
}
