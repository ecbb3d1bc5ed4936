/* SPDX-License-Identifier: MIT */
/*
 * proc_monitor - what the prompt after a panic (watch/monitor.h) answers about processes.
 */
#ifndef PROC_PROC_MONITOR_H
#define PROC_PROC_MONITOR_H

/* Give each report a prompt that knows processes, too. Called at boot. */
void proc_monitor_start(void);

#endif
