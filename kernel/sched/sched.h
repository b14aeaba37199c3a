/* SPDX-License-Identifier: MIT */
/*
 * Threads and the scheduler.
 *
 * Kernel threads with guarded stacks, round robin.  Preemption only of application code: a thread
 * inside a sys_* call (syscall_depth > 0) or a kernel thread gives the CPU up where it sleeps or at
 * cond_resched(); one in application code is preempted at its slice, on the way out of the timer
 * interrupt.  ksoftirqd gets every second slice while softirq work is pending.
 *
 * Signals do not exist yet; signal_pending() is "this thread was told to stop waiting"
 * (thread_interrupt(), as close of the whole kernel does), so that the interruptible paths are
 * used.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "kernel/hal.h"
#include "kernel/lib/list.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/wait.h" /* and the states of a thread */

struct files_struct;

#define PF_APP 0x1 /* runs application code: may be preempted outside sys_* */

#define TASK_COMM_LEN        16
#define MAX_SCHEDULE_TIMEOUT ((long)(~0UL >> 1))

struct task_struct {
	int state;
	unsigned int flags;
	unsigned int syscall_depth; /* > 0: inside a system call */
	int pid;
	bool on_rq;
	bool interrupted; /* signal_pending() */
	struct list_head run_list;
	struct list_head all_list; /* every thread: /proc, leak checks */
	struct hal_context ctx;
	struct files_struct *files; /* shared by all today; NULL for kernel threads */
	u64 slice_end;              /* ns; when preemption is due */
	u64 runtime_ns;
	int (*fn)(void *arg);
	void *arg;
	long user_errno; /* the application's errno */
	char comm[TASK_COMM_LEN];
};

void sched_init(struct cpu *boot_cpu); /* makes the boot stack the idle thread */

/*
 * Makes a thread that runs fn(arg) and ends when it returns.  It is runnable at once.
 * ERR_PTR(-ENOMEM) when memory or THREADS_MAX is out.  Process context.
 */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *fmt, ...)
	__printf_like(3, 4);
/* The same for application code: PF_APP, shares @files of the caller (or the first table). */
struct task_struct *app_thread_run(int (*fn)(void *arg), void *arg, const char *name);
/* The table that applications share, with the console on 0, 1, 2; made at the first call.  NULL when
 * memory is out.  Process context. */
struct files_struct *first_files(void);
void __noreturn do_exit(void);
/* The boot context becomes the idle loop: runs runnable threads, else waits for an interrupt. */
void __noreturn cpu_idle(void);
/* Frees the stacks of ended threads.  Process context; kthread_run() and the idle thread call it. */
void reap_threads(void);

/*
 * Gives the CPU up.  With current->state != TASK_RUNNING it sleeps until woken. preempt_count must
 * be 0.
 */
void schedule(void);
/* Sleeps at most @timeout jiffies (MAX_SCHEDULE_TIMEOUT: no limit); returns what was left, 0 = over. */
long schedule_timeout(long timeout);
long schedule_timeout_interruptible(long timeout);
long schedule_timeout_uninterruptible(long timeout);
/* Makes @p runnable when its state is in @mode.  Any context.  True when it was asleep. */
bool try_to_wake_up(struct task_struct *p, unsigned int mode);
static inline bool wake_up_process(struct task_struct *p)
{
	return try_to_wake_up(p, TASK_NORMAL);
}
/* Lets others run if the slice is over.  Process context, long loops of the kernel. */
void cond_resched(void);
/* Scheduler's part of the timer tick / irq exit: marks need_resched when the slice is over. */
void sched_tick(u64 now_ns);
/* irq exit, irq off: preempts the interrupted application code if that is due. */
void preempt_schedule_irq(void);
bool sched_has_runnable(void);

static inline bool signal_pending(const struct task_struct *p)
{
	return p->interrupted;
}
/* Interrupts @p's interruptible sleep: it returns -EINTR / -ERESTARTSYS to its caller. */
void thread_interrupt(struct task_struct *p);

#define set_current_state(s)                                                                       \
	do {                                                                                       \
		WRITE_ONCE(current->state, (s));                                                   \
		__atomic_thread_fence(__ATOMIC_SEQ_CST);                                           \
	} while (0)
#define __set_current_state(s) WRITE_ONCE(current->state, (s))

/* Serves softirqs when they took too long; while it is runnable it gets every second slice. */
extern struct task_struct *ksoftirqd; /* kernel/time/softirq.c */

extern unsigned int nr_threads; /* alive, without the idle thread */
struct list_head *all_threads(void);

#endif
