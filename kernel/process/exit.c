/* SPDX-License-Identifier: MIT */
/*
 * The process: its start, the end of its threads, and its own end, which also ends the machine.
 *
 * Callers: init/main.c -> process_run(); exit_group(), a fatal signal and the last thread ->
 * process_exit(); do_exit() -> process_thread_ends().  Process context.  Compare Linux's
 * kernel/exit.c and mm_release() in kernel/fork.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/futex.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/process/clone.h"
#include "kernel/process/futex.h"
#include "kernel/process/posix_timers.h"
#include "kernel/process/process.h"
#include "kernel/process/rlimit.h"
#include "kernel/process/signal.h"
#include "kernel/process/sys.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/shutdown.h"
#include "kernel/syscall.h"

struct process process;

struct task_struct *process_thread(int tid)
{
	struct task_struct *p;

	list_for_each_entry(p, &process.threads, sig.threads) {
		if (p->pid == tid)
			return p;
	}
	return NULL;
}

struct task_struct *process_run(int (*fn)(void *arg), void *arg, const char *name)
{
	struct files_struct *files = first_files();
	struct task_struct *p;

	if (!files)
		return ERR_PTR(-ENOMEM);
	p = user_thread_alloc(fn, arg, files);
	if (IS_ERR(p))
		return p;
	p->pid = PROCESS_PID;
	strscpy(p->comm, name, sizeof(p->comm));
	process.first = p;
	signals_thread_begins(p, NULL);
	thread_publish(p);
	return p;
}

bool process_runs(void)
{
	unsigned long flags;
	bool runs;

	spin_lock_irqsave(&process.siglock, flags);
	runs = !list_empty(&process.threads);
	spin_unlock_irqrestore(&process.siglock, flags);
	return runs;
}

u64 process_runtime(void)
{
	struct task_struct *p;
	unsigned long flags;
	u64 sum;

	spin_lock_irqsave(&process.siglock, flags);
	sum = process.ended_runtime_ns;
	list_for_each_entry(p, &process.threads, sig.threads)
		sum += thread_runtime(p);
	spin_unlock_irqrestore(&process.siglock, flags);
	return sum;
}

/* ---- the end of a thread -------------------------------------------------------------------- */

static bool is_last_thread(void)
{
	return process.threads.next == process.threads.prev;
}

/*
 * pthread_join() waits until the word at @address is 0; clone() or set_tid_address() gave the
 * address. The last thread leaves the word unchanged: no other thread can be waiting.
 */
static void clear_child_tid(u64 address)
{
	const u32 zero = 0;

	if (address && !is_last_thread() && !copy_to_user((void *)address, &zero, sizeof(zero)))
		futex_wake(address, 1, FUTEX_BITSET_MATCH_ANY);
}

void process_thread_ends(void)
{
	struct task_struct *self = current;
	bool last;

	if (!process.exiting) {
		futex_thread_ends();
		clear_child_tid(self->clear_child_tid);
	}
	/*
	 * From here to do_exit()'s last switch the thread does not sleep, unless it is the last
	 * thread.
	 */
	last = is_last_thread();
	signals_thread_ends();
	process.ended_runtime_ns += thread_runtime(self);
	if (process.first == self) {
		process.first = NULL;
		process.first_blocked = self->sig.blocked;
	}
	if (last && !process.exiting)
		process_exit(process.exit_code);
}

/* ---- the end of the process ----------------------------------------------------------------- */

/*
 * Interrupts the other threads.  Returns true if another thread has already begun the end of the
 * process.
 */
static bool stop_threads(void)
{
	struct task_struct *p;
	unsigned long flags;
	bool before;

	spin_lock_irqsave(&process.siglock, flags);
	before = process.exiting;
	process.exiting = true;
	list_for_each_entry(p, &process.threads, sig.threads) {
		if (p != current)
			thread_interrupt(p);
	}
	spin_unlock_irqrestore(&process.siglock, flags);
	return before;
}

void __noreturn process_exit(int code)
{
	if (stop_threads())
		do_exit();
	/* A signal must not end the waits of the shutdown. */
	current->sig.blocked = ~0UL;
	current->interrupted = false;
	pr_notice("'%s' ended with code %d: power off", current->comm, code);
	kernel_shutdown(HAL_HALT_POWEROFF, code & 0x7f ? code & 0x7f : code != 0);
}

static long sys_exit_group(int code)
{
	process_exit(code & 0xff);
}

/*
 * Ends only the calling thread.  The open files belong to all threads and stay open.  When the last
 * thread ends, the process ends, with the exit code of its first thread, as on Linux.
 */
static long sys_exit(int code)
{
	if (current == process.first)
		process.exit_code = code & 0xff;
	current->syscall_depth = 0;
	do_exit();
}

void process_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_exit, sys_exit),
		SYSCALL_DEF(__NR_exit_group, sys_exit_group),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
	signals_init();
	signal_syscalls_init();
	futex_init();
	clone_init();
	posix_timers_init();
	itimers_init();
	rlimit_init();
	ids_init();
	sys_init();
}
