/* SPDX-License-Identifier: MIT */
/*
 * protocol - exit, wait, kill, sleep and wake-up, as kernel/proc does them, for SPIN.
 *
 * One CPU. Kernel code is not preempted: context switches happen only in schedule(). Programs are
 * preempted anywhere. A section of the kernel with interrupts off is one atomic block; between
 * two of them the timer may wake a sleeper. Names are the kernel's; the heading of each part names the
 * file it models. docs/protocol.md says what is left out, and why that is sound.
 *
 * Parameters (-D): PARENTS and CHILDREN, how many processes may be forked besides init; OPS_PARENT
 * and OPS_CHILD, how many system calls each makes before it exits (fork and exit are not counted);
 * MENU_SPIN 1: a program may also run forever in user mode;
 * FINE 1: the timer may fire wherever interrupts are on, 0: only where it makes a difference;
 * RUN_QUEUE 1: a FIFO queue, as sched_rr.c, and a tick wakes all sleepers, 0: any runnable process is next.
 *
 * At run time, MODEL_BUG in the environment is the number of a mistake to make (see BUG below), and
 * MODEL_WATCH selects what is checked: PROPERTIES, AUTOMATON, both, or 0 for invalid end states only.
 */
#ifndef PARENTS
#define PARENTS 2
#endif
#ifndef CHILDREN
#define CHILDREN 3
#endif
#ifndef OPS_PARENT
#define OPS_PARENT 1
#endif
#ifndef OPS_CHILD
#define OPS_CHILD 1
#endif
#ifndef MENU_SPIN
#define MENU_SPIN 0
#endif
#ifndef FINE
#define FINE 1
#endif
#ifndef RUN_QUEUE
#define RUN_QUEUE 0
#endif

/* Pids: 0 idle, 1 init, then the parents, the first of them the first program, then the children. */
#define IDLE 0
#define INIT 1
#define FIRST 2
#define FIRST_CHILD (FIRST + PARENTS)
#define LAST (FIRST_CHILD + CHILDREN - 1)
#define PROCS 7
#define NO_CHILD PROCS

/* enum proc_state */
#define UNINIT 0
#define RUNNABLE 1
#define RUNNING 2
#define SLEEPING 3
#define ZOMBIE 4
#define GONE 5

/* The states of enums.def, one row per line; tools/model compares them. */
#define MAY_BECOME(old, new)                                              \
    ((old == UNINIT && (new == RUNNABLE)) ||                              \
     (old == RUNNABLE && (new == RUNNING)) ||                             \
     (old == RUNNING && (new == RUNNABLE || new == SLEEPING || new == ZOMBIE)) || \
     (old == SLEEPING && (new == RUNNABLE)) ||                            \
     (old == ZOMBIE && (new == GONE)))

/* Numbers of wait queues: pid p's child_exited is p; 0 is none. */
#define SLEEPERS (PROCS)
#define MUTEX (PROCS + 1)

/* The mistakes. Each BUG is found by a property that docs/protocol.md names. The HARMLESS ones violate none,
 * because there is one CPU and the code checks twice. */
#define BUG_checks_killed_first 1          /* sched_interrupt_return(): dies or lets others run, but not both */
#define BUG_wakes_before_zombie 2          /* do_exit(): wakes the parent, lets others run, becomes a zombie */
#define BUG_parent_not_woken 3             /* do_exit(): does not wake the parent */
#define BUG_init_not_woken 4               /* do_exit(): does not wake init for the zombies it hands over */
#define BUG_drops_zombies 5                /* family_hand_over(): hands over living children only */
#define BUG_reaps_any_zombie 6             /* find_zombie(): does not check the parent */
#define BUG_checks_once 7                  /* do_wait(): `if` for `while` */
#define BUG_sleeps_though_killed 8         /* waitq_sleep(): does not check killed */
#define BUG_kill_does_not_wake 9           /* do_kill(): sets the flag only */
#define BUG_wakes_a_zombie 10              /* do_kill(), wakeup_proc(): do not check the state */
#define BUG_arms_before_the_lock 11        /* do_sleep(): checks the timer, then acquires the lock */
#define BUG_leaves_the_timer 12            /* do_sleep(): a killed sleeper leaves its timer armed */
#define BUG_unlock_does_not_wake 13        /* mutex_unlock(): does not wake */
#define BUG_unlock_only_wakes 18           /* mutex_unlock(): wakes a waiter, which must then compete for the mutex */
#define BUG_starts_before_publishing 14    /* publish(): makes the child runnable before it links it to the parent */
#define HARMLESS_checks_before_the_lock 15 /* do_wait(): looks for zombies, then acquires the lock */
#define HARMLESS_wakes_first 16            /* do_exit(): wakes the parent, then becomes a zombie, in one critical section */
#define HARMLESS_checks_killed_once 17     /* waitq_sleep(): checks killed only after it has slept */
#define BUG(name) (bug == BUG_##name)
#define HARMLESS(name) (bug == HARMLESS_##name)

#define me (_pid + 1) /* the first six processes of this model are those of the kernel */
#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) & BIT(p)) != 0)
#define ADD(set, p) set = set | BIT(p)
#define DEL(set, p) set = set & ~BIT(p)

/* struct cpu, sched_lock */
byte cpu = IDLE; /* current */
bit need_resched, sched_lock, off;
byte waits_any; /* the set of processes in child_exited that wait for any child */

/* struct proc, one array per field; a set of processes is a bit mask */
byte state[PROCS], parent[PROCS], queue[PROCS];
byte children[PROCS], zombies[PROCS];
byte killed, killable, timer_armed;

/* struct mutex; the set of processes that have begun to wait for it and do not have it yet */
byte owner, waits_for_lock;

/* The programs: how many system calls are left; SPINS: none, it runs forever in user mode. */
byte left[PROCS];
#define SPINS 15
#define EXITING 14 /* it is in do_exit(), and cannot be killed any more */

/* The state of each process in the automaton of life.def. */
byte at[PROCS], whom;

/* Constant after the start. */
byte bug, watch, subject;
#define PROPERTIES 1
#define AUTOMATON 2

#if RUN_QUEUE
chan run_queue = [6] of { byte };
#endif

c_decl {
\#include "life.h"
};

#define CHECK(property, condition)                                     \
    if                                                                 \
    :: condition                                                       \
    :: else -> c_code { life_violated(#property); }; assert(!(watch & PROPERTIES)) \
    fi

/* What the kernel's TRACE records, as an event of process p. */
#define LIFE(p, event)                                                                       \
    whom = p;                                                                                \
    c_code { now.at[now.whom] = life_next(now.at[now.whom], LIFE_##event, #event); };        \
    if                                                                                       \
    :: c_expr { now.at[now.whom] < LIFE_AT_nowhere }                                         \
    :: else -> assert(!(watch & AUTOMATON))                                                  \
    fi;                                                                                      \
    whom = 0

/* Interrupts are on here, between two atomic blocks of one system call. */
#if FINE
#define INTERRUPT_POINT } atomic {
#else
#define INTERRUPT_POINT
#endif

/* ---- proc.c ---- */

inline proc_set_state(p, new)
{
    CHECK(state_changes_under_the_lock, sched_lock);
    CHECK(state_table, MAY_BECOME(state[p], new));
    state[p] = new
}

/* ---- sched.c, sched_rr.c ---- */

#if RUN_QUEUE
#define POLICY_ENQUEUE(p) run_queue!p
#define POLICY_WAITING (nempty(run_queue))
#define POLICY_EMPTY (empty(run_queue))
#define POLICY_PICK(next)           \
    if                              \
    :: run_queue?next               \
    :: empty(run_queue) -> next = IDLE \
    fi
#else
#define POLICY_ENQUEUE(p) skip
#define POLICY_WAITING                                                                \
    (state[1] == RUNNABLE || state[2] == RUNNABLE || state[3] == RUNNABLE ||          \
     state[4] == RUNNABLE || state[5] == RUNNABLE || state[6] == RUNNABLE)
#define POLICY_EMPTY (!POLICY_WAITING)
#define POLICY_PICK(next)                   \
    if                                      \
    :: state[1] == RUNNABLE -> next = 1     \
    :: state[2] == RUNNABLE -> next = 2     \
    :: state[3] == RUNNABLE -> next = 3     \
    :: state[4] == RUNNABLE -> next = 4     \
    :: state[5] == RUNNABLE -> next = 5     \
    :: state[6] == RUNNABLE -> next = 6     \
    :: !POLICY_WAITING -> next = IDLE       \
    fi
#endif

inline make_runnable(p)
{
    proc_set_state(p, RUNNABLE);
    POLICY_ENQUEUE(p)
}

/* What must hold at every context switch: no process sleeps although its condition is true. */
inline check_sleeper(p)
{
    CHECK(no_wake_up_is_lost, !(queue[p] == p && HAS(waits_any, p) && zombies[p] != 0));
    CHECK(no_wake_up_is_lost, !(queue[p] == SLEEPERS && !HAS(timer_armed, p)));
    CHECK(no_wake_up_is_lost, !(queue[p] == MUTEX && (owner == 0 || owner == p) && !BUG(unlock_only_wakes)));
    CHECK(killed_process_is_woken, !(queue[p] != 0 && HAS(killed, p) && HAS(killable, p)))
}

inline check_sleepers()
{
    check_sleeper(1);
    check_sleeper(2);
    check_sleeper(3);
    check_sleeper(4);
    check_sleeper(5);
    check_sleeper(6);
    c_code { now.whom = life_all_settled(now.at, sizeof(now.at)); };
    assert(whom == 1 || !(watch & AUTOMATON));
    whom = 0
}

/* The CPU changes hands. Who resumes holds sched_lock; idle has nothing to do with it. */
inline schedule()
{
    need_resched = 0;
    POLICY_PICK(whom);
    d_step {
        cpu = whom;
        proc_set_state(cpu, RUNNING);
        if
        :: cpu != IDLE -> LIFE(cpu, pick); LIFE(cpu, run)
        :: else -> sched_lock = 0
        fi;
        whom = 0;
        check_sleepers()
    }
}

/* A tick may have ended the turn. Only the places that call this check it, so the moment of the tick makes no
 * difference; if no process is runnable, neither does the tick. */
inline tick_may_end_turn()
{
    if
    :: POLICY_WAITING && !RUN_QUEUE -> need_resched = 1
    :: true
    fi
}

inline yield_locked()
{
    need_resched = 0;
    if
    :: POLICY_WAITING ->
        d_step { make_runnable(me); LIFE(me, yield) };
        schedule();
        (cpu == me)
    :: POLICY_EMPTY
    fi
}

inline wakeup_proc(p)
{
    if
    :: state[p] != SLEEPING && !(BUG(wakes_a_zombie) && state[p] == ZOMBIE)
    :: else ->
        queue[p] = 0;
        DEL(waits_any, p);
#if !FINE
        DEL(killable, p); /* it is not read until p sleeps again */
#endif
        LIFE(p, wake);
        make_runnable(p);
        LIFE(p, unblock)
    fi
}

/* Wakes p->child_exited, where only p sleeps. */
inline waitq_wake(p)
{
    if
    :: queue[p] == p -> wakeup_proc(p)
    :: else
    fi
}

/* The part of waitq_sleep() that puts the caller to sleep. */
inline sleep_in(q)
{
    queue[me] = q;
    proc_set_state(me, SLEEPING);
    LIFE(me, block)
}

/* ---- mutex.c ---- */

/* The kernel hands the mutex to the process that has waited longest, the model to any waiter. */
inline mutex_hand_over()
{
    sched_lock = 1;
    if
    :: queue[2] == MUTEX -> other = 2
    :: queue[3] == MUTEX -> other = 3
    :: queue[4] == MUTEX -> other = 4
    :: queue[5] == MUTEX -> other = 5
    :: queue[6] == MUTEX -> other = 6
    :: queue[2] != MUTEX && queue[3] != MUTEX && queue[4] != MUTEX && queue[5] != MUTEX && queue[6] != MUTEX ->
        other = 0
    fi;
    d_step {
        if
        :: other != 0 && !BUG(unlock_only_wakes) -> owner = other
        :: else
        fi;
        if
        :: other != 0 -> wakeup_proc(other)
        :: else
        fi;
        other = 0;
        sched_lock = 0
    }
}

/* ---- family.c ---- */

inline hand_over_one(p)
{
    if
    :: HAS(other, p) && !(BUG(drops_zombies) && HAS(zombies[me], p)) ->
        parent[p] = INIT;
        LIFE(p, adopt);
        if
        :: HAS(zombies[me], p) -> LIFE(INIT, zombie_child)
        :: else
        fi
    :: else
    fi
}

/* The set `other` of the children of `me` changes its parent. */
inline family_hand_over()
{
    hand_over_one(2);
    hand_over_one(3);
    hand_over_one(4);
    hand_over_one(5);
    hand_over_one(6);
    children[INIT] = children[INIT] | (children[me] & other);
    children[me] = children[me] & ~other;
    if
    :: BUG(drops_zombies)
    :: else -> zombies[INIT] = zombies[INIT] | (zombies[me] & other); zombies_handed_over = (zombies[me] & other) != 0
    fi;
    zombies[me] = zombies[me] & ~other
}

inline family_make_zombie()
{
    DEL(children[parent[me]], me);
    ADD(zombies[parent[me]], me)
}

/* ---- fork.c: publish() ---- */

inline publish(child)
{
    d_step {
        if
        :: BUG(starts_before_publishing)
        :: else -> parent[child] = me; ADD(children[me], child)
        fi;
        left[child] = (child < FIRST_CHILD -> OPS_PARENT : OPS_CHILD);
        LIFE(child, fork);
        sched_lock = 1;
        make_runnable(child);
        LIFE(child, start);
        sched_lock = 0
    };
    if
    :: BUG(starts_before_publishing) ->
        sched_lock = 1;
        yield_locked();
        sched_lock = 0;
        parent[child] = me;
        ADD(children[me], child)
    :: else
    fi;
    child = 0
}

/* The next parent, or the next child, that may be forked. */
inline pick_newborn()
{
    if
    :: me == FIRST && PARENTS > 1 && state[3] == UNINIT -> other = 3
    :: state[FIRST_CHILD] == UNINIT -> other = FIRST_CHILD
    :: CHILDREN > 1 && state[FIRST_CHILD] != UNINIT && state[FIRST_CHILD + 1] == UNINIT -> other = FIRST_CHILD + 1
    :: CHILDREN > 2 && state[FIRST_CHILD + 1] != UNINIT && state[FIRST_CHILD + 2] == UNINIT -> other = FIRST_CHILD + 2
    fi
}
#define MAY_FORK (me < FIRST_CHILD && (state[LAST] == UNINIT || (me == FIRST && PARENTS > 1 && state[3] == UNINIT)))

/* A pid to wait for or to kill: any process that exists or existed. */
inline pick_pid()
{
    if
    :: state[2] != UNINIT -> other = 2
    :: state[3] != UNINIT -> other = 3
    :: state[4] != UNINIT -> other = 4
    :: state[5] != UNINIT -> other = 5
    :: state[6] != UNINIT -> other = 6
    fi
}

/* ---- wait.c ---- */

#define IS_CHILD(p) (state[p] != GONE && (parent[p] == me || BUG(reaps_any_zombie)))

/* find_zombie(): sets `zombie`; 0 if the child still lives, NO_CHILD if there is no such child.
 * The kernel picks the youngest zombie, the model any of them. */
inline find_zombie()
{
    if
    :: other == 0 && zombies[me] == 0 && children[me] == 0 -> zombie = NO_CHILD
    :: other == 0 && zombies[me] == 0 && children[me] != 0 -> zombie = 0
    :: other == 0 && HAS(zombies[me], 2) -> zombie = 2
    :: other == 0 && HAS(zombies[me], 3) -> zombie = 3
    :: other == 0 && HAS(zombies[me], 4) -> zombie = 4
    :: other == 0 && HAS(zombies[me], 5) -> zombie = 5
    :: other == 0 && HAS(zombies[me], 6) -> zombie = 6
    :: other != 0 && !IS_CHILD(other) -> zombie = NO_CHILD
    :: other != 0 && IS_CHILD(other) && state[other] == ZOMBIE -> zombie = other
    :: other != 0 && IS_CHILD(other) && state[other] != ZOMBIE -> zombie = 0
    fi
}

/* The zombie that the sleeper waits for exists already. */
#define ZOMBIE_EXISTS ((other == 0 && zombies[me] != 0) || (other != 0 && parent[other] == me && state[other] == ZOMBIE))

inline do_reap()
{
    d_step {
        CHECK(reaped_once_by_its_parent, state[zombie] == ZOMBIE && parent[zombie] == me && HAS(zombies[me], zombie));
        CHECK(zombie_has_no_timer, !HAS(timer_armed, zombie));
        sched_lock = 1;
        DEL(zombies[me], zombie);
        parent[zombie] = 0;
        proc_set_state(zombie, GONE);
        LIFE(zombie, remove);
        sched_lock = 0;
        LIFE(zombie, reap);
        DEL(killed, zombie);
        DEL(killable, zombie);
        left[zombie] = 0;
        zombie = 0;
        other = 0
    }
}

/* A process: init, or one that executes a program. The labels are places in the kernel. */
active [6] proctype process()
{
    byte other, zombie;
    bit zombies_handed_over;

end_unborn:
    atomic {
        (cpu == me); /* fork_return: proc_first_run(), sched_first_run() */
        sched_lock = 0;
        if
        :: me == INIT -> other = FIRST; publish(other); goto do_wait
        :: else -> goto to_user
        fi
    }

    /* ---- sched.c: sched_return_to_user(), sched_interrupt_return() ---- */
to_user:
    atomic {
        other = 0;
        tick_may_end_turn();
interrupted:
        if
        :: BUG(checks_killed_first) && HAS(killed, me) -> goto do_exit
        :: else
        fi;
        do
        :: need_resched -> sched_lock = 1; yield_locked(); sched_lock = 0
        :: else -> break
        od;
        if
        :: HAS(killed, me) && !BUG(checks_killed_first) -> goto do_exit
        :: else -> goto user
        fi
    }

    /* ---- the program ---- */
user:
    atomic {
        if
#if RUN_QUEUE
        :: cpu == me && need_resched -> goto interrupted
#else
        :: cpu == me && POLICY_WAITING -> need_resched = 1; goto interrupted /* a timer interrupt */
#endif
        :: cpu == me && !need_resched && left[me] == SPINS -> goto user_runs
        :: cpu == me && !need_resched && left[me] != SPINS ->
            CHECK(killed_process_runs_no_instruction, !HAS(killed, me));
            if
            :: LIFE(me, enter); goto do_exit
            :: MAY_FORK -> pick_newborn(); LIFE(me, enter); publish(other); goto to_user
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); goto do_wait
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); pick_pid(); goto do_wait
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); pick_pid(); goto do_kill
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); goto do_sleep
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); goto sys_yield
            :: left[me] > 0 -> left[me]--; LIFE(me, enter); goto mutex_lock
#if MENU_SPIN
            :: left[me] = SPINS; goto user_runs
#endif
            fi
        fi
    }
user_runs:
    atomic {
        CHECK(killed_process_runs_no_instruction, !HAS(killed, me));
        goto user
    }

    /* ---- exit.c: do_exit() ---- */
do_exit:
    atomic {
        d_step {
            LIFE(me, exit);
            left[me] = EXITING;
            CHECK(zombie_holds_no_lock, owner != me);
            CHECK(zombie_has_no_timer, !HAS(timer_armed, me))
        }
        /* release_mm() has points */
        tick_may_end_turn();
        if
        :: need_resched -> sched_lock = 1; yield_locked(); sched_lock = 0
        :: else
        fi;
hand_over_children: /* all at once, or the living first; others may run in between */
        if
        :: other = children[me] | zombies[me]
        :: children[me] != 0 && zombies[me] != 0 -> other = children[me]
        fi;
        d_step {
            family_hand_over();
            other = 0;
            sched_lock = 1;
            if
            :: zombies_handed_over && !BUG(init_not_woken) -> waitq_wake(INIT)
            :: else
            fi;
            zombies_handed_over = 0;
            sched_lock = 0
        }
        tick_may_end_turn();
        if
        :: need_resched -> sched_lock = 1; yield_locked(); sched_lock = 0
        :: else
        fi;
        if
        :: (children[me] | zombies[me]) != 0 -> goto hand_over_children
        :: else
        fi;
        INTERRUPT_POINT
        if
        :: BUG(wakes_before_zombie) ->
            sched_lock = 1;
            waitq_wake(parent[me]);
            yield_locked();
            sched_lock = 0
        :: else
        fi;
        d_step {
            sched_lock = 1;
            left[me] = 0;
            if
            :: HARMLESS(wakes_first) -> waitq_wake(parent[me])
            :: else
            fi;
            family_make_zombie();
            proc_set_state(me, ZOMBIE);
            LIFE(me, die);
            LIFE(parent[me], zombie_child);
            if
            :: !BUG(wakes_before_zombie) && !BUG(parent_not_woken) && !HARMLESS(wakes_first) ->
                waitq_wake(parent[me])
            :: else
            fi
        };
        schedule() /* sched_leave() */
    }
end_zombie:
    (cpu == me);
    CHECK(zombie_never_runs, false);

    /* ---- wait.c: do_wait(), sys_proc.c: sys_wait(), init.c: reap_all() ---- */
do_wait:
    atomic {
        if
        :: HARMLESS(checks_before_the_lock) -> find_zombie(); goto wait_late_lock
        :: else
        fi;
        sched_lock = 1;
wait_again:
        find_zombie();
wait_found:
        if
        :: zombie == NO_CHILD -> zombie = 0; sched_lock = 0; goto wait_ends
        :: zombie != NO_CHILD && zombie != 0 -> sched_lock = 0; goto copy_to_user
        :: zombie == 0 ->
            if
            :: HAS(killed, me) && !BUG(sleeps_though_killed) && !HARMLESS(checks_killed_once) ->
                sched_lock = 0;
                goto wait_ends
            :: else
            fi;
            d_step {
                ADD(killable, me);
                if
                :: ZOMBIE_EXISTS -> LIFE(me, sleep_with_zombie)
                :: else -> LIFE(me, sleep_wait)
                fi;
                if
                :: other == 0 -> ADD(waits_any, me)
                :: else
                fi;
                sleep_in(me)
            };
            schedule();
            (cpu == me);
            if
            :: HAS(killed, me) && !BUG(sleeps_though_killed) -> sched_lock = 0; goto wait_ends
            :: else ->
                if
                :: BUG(checks_once) -> sched_lock = 0; goto copy_to_user
                :: else -> goto wait_again
                fi
            fi
        fi
    }
wait_late_lock: /* interrupts were on in between */
    atomic { sched_lock = 1; goto wait_found }

wait_ends: /* no such child, or killed */
    atomic {
        if
        :: me == INIT -> goto power_off
        :: else -> goto to_user
        fi
    }

copy_to_user: /* may sleep for the lock of the memory while it holds the zombie */
    atomic {
        skip;
        INTERRUPT_POINT
        if
        :: me != INIT && owner != 0 -> goto mutex_lock
        :: true
        fi;
        do_reap();
        if
        :: me == INIT -> goto do_wait
        :: else -> goto to_user
        fi
    }

    /* ---- kill.c: do_kill() ---- */
do_kill:
    atomic {
        d_step {
            sched_lock = 1;
            if
            :: state[other] == GONE
            :: state[other] != GONE &&
               (HAS(killed, other) || left[other] == EXITING || (state[other] == ZOMBIE && !BUG(wakes_a_zombie)))
            :: else ->
                ADD(killed, other);
                if
                :: state[other] != ZOMBIE -> LIFE(other, kill)
                :: else
                fi;
                if
                :: HAS(killable, other) && !BUG(kill_does_not_wake) -> wakeup_proc(other)
                :: else
                fi
            fi;
            sched_lock = 0
        }
        INTERRUPT_POINT
        goto to_user
    }

    /* ---- sleep.c: do_sleep() ---- */
do_sleep:
    atomic {
        if
        :: BUG(arms_before_the_lock) -> ADD(timer_armed, me); goto sleep_late_lock
        :: else
        fi;
        sched_lock = 1;
        ADD(timer_armed, me);
sleep_again:
        if
        :: HAS(killed, me) && !BUG(sleeps_though_killed) && !HARMLESS(checks_killed_once)
        :: else ->
            d_step {
                ADD(killable, me);
                LIFE(me, sleep_event);
                sleep_in(SLEEPERS)
            };
            schedule();
            (cpu == me);
            if
            :: (!HAS(killed, me) || BUG(sleeps_though_killed)) && HAS(timer_armed, me) -> goto sleep_again
            :: else
            fi
        fi;
        if
        :: BUG(leaves_the_timer)
        :: else -> DEL(timer_armed, me)
        fi;
        sched_lock = 0;
        INTERRUPT_POINT
        goto to_user
    }
sleep_late_lock: /* interrupts were on in between */
    atomic { sched_lock = 1; goto sleep_again }

    /* ---- sys_proc.c: sys_yield(), sched.c: sched_yield() ---- */
sys_yield:
    atomic {
        sched_lock = 1;
        yield_locked();
        sched_lock = 0;
        goto to_user
    }

    /* ---- mutex.h, mutex.c; the owner may call sched_point() ---- */
mutex_lock:
    atomic {
        sched_lock = 1;
        if
        :: owner == 0 ->
            CHECK(no_waiter_is_overtaken, waits_for_lock == 0);
            owner = me
        :: owner != 0 ->
            do
            :: owner == me -> break
            :: owner == 0 -> owner = me; break /* only with unlock_only_wakes */
            :: owner != 0 && owner != me ->
                d_step {
                    ADD(waits_for_lock, me);
                    DEL(killable, me);
                    LIFE(me, sleep_lock);
                    sleep_in(MUTEX)
                };
                schedule();
                (cpu == me)
            od;
            DEL(waits_for_lock, me)
        fi;
        sched_lock = 0;
        INTERRUPT_POINT
        tick_may_end_turn(); /* sched_point() */
        if
        :: need_resched -> sched_lock = 1; yield_locked(); sched_lock = 0
        :: else
        fi;
        INTERRUPT_POINT
        CHECK(unlocked_by_its_owner, owner == me);
        owner = 0;
        if
        :: BUG(unlock_does_not_wake)
        :: else -> mutex_hand_over()
        fi;
        if
        :: zombie != 0 -> goto copy_to_user
        :: else -> goto to_user
        fi
    }

    /* ---- init.c: close_books() ---- */
power_off:
    atomic { d_step {
        CHECK(all_were_reaped,
              (state[2] == GONE || state[2] == UNINIT) && (state[3] == GONE || state[3] == UNINIT) &&
              (state[4] == GONE || state[4] == UNINIT) && (state[5] == GONE || state[5] == UNINIT) &&
              (state[6] == GONE || state[6] == UNINIT));
        off = 1
    } }
}

/* main.c: the boot process, then sched_idle(). */
active proctype idle()
{
    atomic {
        c_code { now.bug = life_setting("MODEL_BUG", 0); now.watch = life_setting("MODEL_WATCH", 3);
                 now.subject = life_setting("MODEL_SUBJECT", 0); };
        state[IDLE] = RUNNING;
        sched_lock = 1;
        LIFE(INIT, fork);
        make_runnable(INIT);
        LIFE(INIT, start);
        sched_lock = 0
    }
end_idle:
    do
    :: atomic {
        cpu == IDLE && POLICY_WAITING ->
        sched_lock = 1;
        proc_set_state(IDLE, RUNNABLE);
        schedule()
    }
    od
}

#define MAY_INTERRUPT (!sched_lock && !off)

inline tick_for(p)
{
    sched_lock = 1;
    DEL(timer_armed, p);
    wakeup_proc(p);
    sched_lock = 0
}

inline tick_if(p)
{
    if
    :: HAS(timer_armed, p) -> tick_for(p)
    :: else
    fi
}

/* sleep.c: timer_tick(), sched.c: sched_tick(). The timer may fire whenever interrupts are on. */
active proctype timer()
{
end_timer:
    do
#if RUN_QUEUE
    :: d_step {
        MAY_INTERRUPT && ((cpu != IDLE && !need_resched) || timer_armed != 0) ->
        if
        :: cpu != IDLE -> need_resched = 1
        :: else
        fi;
        tick_if(2);
        tick_if(3);
        tick_if(4);
        tick_if(5);
        tick_if(6)
    }
#else
    :: d_step { MAY_INTERRUPT && HAS(timer_armed, 2) -> tick_for(2) }
    :: d_step { MAY_INTERRUPT && HAS(timer_armed, 3) -> tick_for(3) }
    :: d_step { MAY_INTERRUPT && HAS(timer_armed, 4) -> tick_for(4) }
    :: d_step { MAY_INTERRUPT && HAS(timer_armed, 5) -> tick_for(5) }
    :: d_step { MAY_INTERRUPT && HAS(timer_armed, 6) -> tick_for(6) }
#endif
    od
}

/* What happens eventually, if every turn ends eventually (weak fairness: pan -a -f, RUN_QUEUE 1). */
#if LIVENESS
#define P subject /* MODEL_SUBJECT in the environment: the process in question */
ltl killed_process_dies { [] (HAS(killed, P) -> <> (state[P] == ZOMBIE || state[P] == GONE)) }
ltl zombie_of_init_is_reaped { [] ((state[P] == ZOMBIE && parent[P] == INIT) -> <> (state[P] == GONE)) }
ltl sleeper_wakes { [] (queue[P] == SLEEPERS -> <> (queue[P] != SLEEPERS)) }
ltl waiter_finds_zombie { [] ((queue[P] == P && HAS(waits_any, P) && zombies[P] != 0) -> <> (queue[P] != P)) }
ltl lock_is_acquired { [] (queue[P] == MUTEX -> <> (queue[P] != MUTEX)) }
#endif
