/* SPDX-License-Identifier: MIT */
/*
 * The process: the one program of the machine, with its threads.
 *
 * Its threads are those with PF_USER.  The first has the process' number, 1, as the first program of
 * a Linux machine.  Compare parts of Linux's struct signal_struct and sighand_struct.
 */
#ifndef KERNEL_PROCESS_PROCESS_H
#define KERNEL_PROCESS_PROCESS_H

#include "kernel/process/signal.h"
#include "kernel/sched/spinlock.h"
#include "kernel/types.h"

#define PROCESS_PID 1

struct task_struct;

struct process {
	/* Protects the fields below, and the masks and pending signals of all threads; irq off. */
	spinlock_t siglock;
	struct user_sigaction action[NSIG];
	struct sigpending shared;  /* signals that any thread may take */
	struct list_head threads;  /* linked by task_struct.sig.threads */
	struct task_struct *first; /* the thread with tid 1; NULL after its end */
	/*
	 * The mask of the first thread at its end. It still decides whether an ignored signal is
	 * dropped, as on Linux.
	 */
	u64 first_blocked;
	/* The machine is ending: each thread ends instead of returning to ring 3. */
	bool exiting;
	int exit_code;        /* of the first thread, if it ended before the others */
	u64 ended_runtime_ns; /* CPU time of the threads that have ended */
};
extern struct process process;

/* Returns the real or effective ids of the process (ids.c). */
void process_ids(bool effective, u32 *uid, u32 *gid);
/* Returns true if the process may say that it is process @pid with these ids (unix(7)). */
bool process_may_claim(int pid, u32 uid, u32 gid);

/* Called by sched_init(): creates the caches and registers the system calls of kernel/process. */
void process_init(void);
/*
 * Starts the process: its first thread runs fn(arg), which loads the program and enters ring 3.
 * ERR_PTR(-ENOMEM) when memory is out.  Process context.
 */
struct task_struct *process_run(int (*fn)(void *arg), void *arg, const char *name);
/* Returns the program's thread @tid, or NULL. siglock held. */
struct task_struct *process_thread(int tid);

/* Returns true if the program has a thread.  Any context. */
bool process_runs(void);
/*
 * The end of the program is the end of the machine: stops its threads, and powers off with the
 * lower 7 bits of @code, or with 1 if these are 0 and @code is not.
 */
void __noreturn process_exit(int code);
/* Returns the CPU time of all threads, also of threads that have ended, in ns.  Any context. */
u64 process_runtime(void);
struct seq_file;
/* Prints the sets of signals, as /proc/self/status has them. */
void proc_show_signals(struct seq_file *m, const struct task_struct *p);
/*
 * Registers /proc/self/task, and files about the machine such as /proc/loadavg. Boot, after
 * proc_init().
 */
void proc_task_init(void);
/* Registers /proc/stat and other files of proc_machine.c.  Boot, after proc_init(). */
void proc_machine_init(void);

/*
 * Called by do_exit() for a PF_USER thread: releases its robust mutexes, zeroes its clear_child_tid
 * word, and frees its signals. After the last thread it ends the process and does not return.
 */
void process_thread_ends(void);

#endif
