/* SPDX-License-Identifier: MIT */
/*
 * proc_trace - records changes of states and switches, which are most events of a run. Interrupts are off,
 * and recording is on.
 */
#ifndef PROC_PROC_TRACE_H
#define PROC_PROC_TRACE_H

#include "proc/proc.h"
#include "watch/trace_record.h"

/* The events of the functions below, where the ring ends between them. */
__attribute__((noinline)) void trace_switch_one_by_one(int from, enum proc_state state, int to);
__attribute__((noinline)) void trace_leave_one_by_one(int from, int to);

/* Process `pid` changes its state. */
static TRACE_OFTEN void proc_trace_state(int pid, enum proc_state from, enum proc_state to)
{
    struct trace_record *record = trace_begin(TRACE_state);
    record->arg[0] = (uint32_t)pid;
    record->arg[1] = from;
    record->arg[2] = to;
    trace_add_free(record);
    trace_publish(record);
}

/* Process `to`, which was runnable, runs after process `from`: the two last events of a switch. The pids are
 * read when registers are free, which is what the barrier is for. */
static inline void trace_arrival(struct trace_record record[2], const struct proc *from,
                                 const struct proc *to)
{
    record[0].head = trace_running | TRACE_state;
    record[1].head = trace_running | TRACE_switch;
    record[0].arg[1] = PROC_RUNNABLE;
    record[0].arg[2] = PROC_RUNNING;
    cpu_compiler_barrier();
    record[0].arg[0] = record[1].arg[1] = (uint32_t)to->pid;
    record[1].arg[0] = (uint32_t)from->pid;
}

/* A switch: `from`, which ran, gets `state`, and `to` runs. Its three events are recorded at once. */
static TRACE_OFTEN void proc_trace_switch(const struct proc *from, enum proc_state state,
                                          const struct proc *to)
{
    if (!trace_has_run(3)) {
        trace_switch_one_by_one(from->pid, state, to->pid);
        return;
    }
    struct trace_record *record = trace_begin_run();
    record[0].head = trace_running | TRACE_state;
    record[0].arg[1] = PROC_RUNNING;
    record[0].arg[2] = state;
    trace_arrival(record + 1, from, to);
    record[0].arg[0] = (uint32_t)from->pid;
    trace_publish_run(record, 3);
}

/* The same for `from`, which has ended, and whose state has been traced. */
static TRACE_OFTEN void proc_trace_leave(const struct proc *from, const struct proc *to)
{
    if (!trace_has_run(2)) {
        trace_leave_one_by_one(from->pid, to->pid);
        return;
    }
    struct trace_record *record = trace_begin_run();
    trace_arrival(record, from, to);
    trace_publish_run(record, 2);
}

#endif
