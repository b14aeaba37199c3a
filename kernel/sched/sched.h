/* SPDX-License-Identifier: MIT */
/*
 * Threads and the scheduler.
 *
 * Threads have stacks with guard pages, and run round robin.  Only application code is preempted.
 * A thread inside a sys_* call (syscall_depth > 0) and a kernel thread give up the CPU only where
 * they sleep, or at cond_resched().  A thread in application code is preempted at the end of its
 * time slice, when the timer interrupt returns. ksoftirqd gets every second slice while softirq
 * work is pending.
 *
 * thread_interrupt() ends the interruptible sleep of a thread; afterwards signal_pending() returns
 * true for the thread.  Signals (kernel/process/signal.c) use it; threads of the kernel get no
 * signals.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "kernel/hal.h"
#include "kernel/lib/list.h"
#include "kernel/process/signal_types.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/wait.h" /* also defines the states of a thread */

struct files_struct;

/* The thread runs an application in ring 0 (init/ring0), and may be preempted outside of system calls. */
#define PF_APP 0x1
/* The thread belongs to the process: it runs in ring 3, and gets signals. */
#define PF_USER 0x2

#define TASK_COMM_LEN        16
#define THE_PROCESS          1 /* the PID of the only process */
#define MAX_SCHEDULE_TIMEOUT ((long)(~0UL >> 1))

struct task_struct {
	int state;
	unsigned int flags;
	unsigned int syscall_depth; /* > 0: inside a system call */
	int pid;
	bool on_rq;
	bool interrupted; /* signal_pending() returns it */
	struct list_head run_list;
	struct list_head all_list; /* link in the list of all threads, for /proc and leak checks */
	struct hal_context ctx;
	struct hal_thread hal;
	/* The table of descriptors, one for all application threads; NULL for kernel threads. */
	struct files_struct *files;
	u64 slice_end; /* when the thread's time slice ends, ns */
	u64 runtime_ns;
	int (*fn)(void *arg);
	void *arg;
	long user_errno; /* errno of an application in ring 0 */
	char comm[TASK_COMM_LEN];
	/* The following fields are used in threads with PF_USER only. */
	struct thread_signals sig;
	/*
	 * Address where the kernel stores 0 at the thread's end, and wakes a waiter; 0: no address.
	 */
	u64 clear_child_tid;
	u64 robust_list; /* the argument of set_robust_list() */
	/* The scheduler does not use these fields; they are kept for the program. */
	int policy, rt_priority, nice;
};

void sched_init(struct cpu *boot_cpu); /* the boot stack becomes that of the idle thread */

/*
 * Creates a thread that runs fn(arg) and ends when fn returns.  It is runnable at once.
 * ERR_PTR(-ENOMEM) if there is no memory, or at THREADS_MAX threads.  Process context.
 */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *fmt, ...)
	__printf_like(3, 4);
/*
 * Returns the file table that all applications share, with the console as descriptors 0, 1 and 2.
 * The first call creates it.  Returns NULL if there is no memory.  Process context.
 */
struct files_struct *first_files(void);
void __noreturn do_exit(void);
/*
 * Makes the boot context the idle thread: it switches to runnable threads, and waits for interrupts
 * when there are none.
 */
void __noreturn cpu_idle(void);
/*
 * Frees the threads that have ended, and their stacks. The creation of a thread and the idle thread
 * call it. Process context.
 */
void reap_threads(void);

/*
 * Gives up the CPU.  If current->state is not TASK_RUNNING, the thread sleeps until it is woken.
 * preempt_count must be 0.
 */
void schedule(void);
/*
 * Sleep at most @timeout jiffies (MAX_SCHEDULE_TIMEOUT: without a limit).  Return the jiffies that
 * were left; 0: the timeout is over.
 */
long schedule_timeout(long timeout);
long schedule_timeout_interruptible(long timeout);
long schedule_timeout_uninterruptible(long timeout);
/*
 * Sleeps until the clock is @deadline (ns, as ktime_get_ns() counts; KTIME_MAX: without a limit).  The
 * caller has set its state.  Returns true if the deadline has passed.
 */
bool schedule_hrtimeout(u64 deadline);
/* Makes @p runnable if its state is one of @mode.  Returns true if it was asleep.  Any context. */
bool try_to_wake_up(struct task_struct *p, unsigned int mode);
static inline bool wake_up_process(struct task_struct *p)
{
	return try_to_wake_up(p, TASK_NORMAL);
}
/*
 * Yields the CPU if the thread's time slice is over and another thread waits.  For long loops of
 * the kernel.  Process context.
 */
void cond_resched(void);
/*
 * Called by the timer interrupt: sets need_resched if the current thread's time slice is over and
 * another thread waits.
 */
void sched_tick(u64 now_ns);
/*
 * Called at the end of an interrupt, with irq off, if need_resched is set and preempt_count is 0:
 * switches to a waiting thread if the interrupt arrived in the code of an application in ring 0
 * (init/ring0).  The weak definition does nothing.
 */
void preempt_ring0(void);
bool sched_has_runnable(void);
/* Returns the CPU time of @p in ns.  Any context. */
u64 thread_runtime(const struct task_struct *p);

static inline bool signal_pending(const struct task_struct *p)
{
	return p->interrupted;
}
/*
 * Ends the present or the next interruptible sleep of @p: the function that sleeps then returns
 * -EINTR or -ERESTARTSYS.
 */
void thread_interrupt(struct task_struct *p);

#define set_current_state(s)                                                                       \
	do {                                                                                       \
		WRITE_ONCE(current->state, (s));                                                   \
		__atomic_thread_fence(__ATOMIC_SEQ_CST);                                           \
	} while (0)
#define __set_current_state(s) WRITE_ONCE(current->state, (s))

/*
 * The thread that runs the softirqs which interrupts and other threads leave to it. While it is
 * runnable, it gets every second time slice.
 */
extern struct task_struct *ksoftirqd; /* kernel/time/softirq.c */

/* Returns the letter of the thread's state in /proc: R, S, D or X. */
char task_state_letter(const struct task_struct *p);

extern unsigned int nr_threads; /* threads that exist now, without the idle thread */
struct list_head *all_threads(void);

#endif
