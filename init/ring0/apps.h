/* SPDX-License-Identifier: MIT */
/*
 * Applications in ring 0, which are linked into the hosted kernels (tests/host/app) and into
 * softnet-test.elf (tests/qemu/kernel).  softnet.elf has none: its application is a process.
 */
#ifndef INIT_RING0_APPS_H
#define INIT_RING0_APPS_H

struct task_struct;

/*
 * Like kthread_run(), but for application code: the thread has PF_APP and the caller's file table.  If
 * the caller has no file table, the thread gets the table that first_files() returns.
 */
struct task_struct *app_thread_run(int (*fn)(void *arg), void *arg, const char *name);

#endif
