/* SPDX-License-Identifier: MIT */
/*
 * The hosted build's implementation of the hal.h functions that read or change a program's
 * registers: they serve system calls, signal frames and new threads.  The program is a set of C
 * functions that stand for code in ring 3 (tests/host/user.h).
 *
 * A signal frame keeps what the machine's frame keeps: the state of the interrupted call, and the mask.
 * hal_signal_deliver() pushes it; the handler runs when host_user_call() would return to its caller;
 * then rt_sigreturn() pops it.  Process context, one host thread: no lock.
 */
#include "tests/host/user.h"

#include "include/uapi/errno.h"
#include "include/uapi/sched.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/printk.h"
#include "kernel/process/process.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "tests/host/host.h"

#define FRAMES_MAX 16
#define FRAME_SIZE 1024 /* bytes; about the size of a signal frame on the machine */

/* The registers of a system call. */
struct call {
	long nr, args[6];
	long result;
	bool inside; /* the thread returns from this call, not from an exception or from a handler */
	bool restart; /* make the call again */
};

struct frame {
	struct ksignal ksig;
	struct call call;
	u64 mask;
	u64 sp; /* stack pointer of the interrupted code */
	struct user_stack altstack;
	bool begun; /* the handler has been called */
};

struct user {
	struct list_head list;
	struct task_struct *task;
	int (*fn)(void *arg);
	void *arg;
	struct call call;
	u64 sp;
	bool broken_stack;
	unsigned int depth;
	struct frame frames[FRAMES_MAX];
};

static LIST_HEAD(users);

static struct user *user_of(const struct task_struct *p)
{
	struct user *u;

	list_for_each_entry(u, &users, list) {
		if (u->task == p)
			return u;
	}
	panic("host: '%s' is no thread of the program", p->comm);
}

static struct user *make_user(struct task_struct *p, int (*fn)(void *arg), void *arg)
{
	struct user *u = host_libc.realloc(NULL, sizeof(*u));

	BUG_ON(!u);
	*u = (struct user){.task = p, .fn = fn, .arg = arg, .sp = 0x7ffff000};
	/*
	 * Add the new entry at the front, so that user_of() finds it first: the list may still have
	 * the entry of an ended thread whose task_struct had the same address.
	 */
	list_add(&u->list, &users);
	return u;
}

/* ---- called by the kernel (kernel/hal.h) ------------------------------------------------------ */

long hal_syscall_result(void)
{
	struct user *u = user_of(current);

	return u->call.inside ? u->call.result : 0;
}

void hal_syscall_set_result(long result)
{
	user_of(current)->call.result = result;
}

void hal_syscall_restart(long nr)
{
	struct call *call = &user_of(current)->call;

	if (nr >= 0)
		call->nr = nr;
	call->restart = true;
	call->inside = false;
}

u64 hal_user_sp(void)
{
	return user_of(current)->sp;
}

int hal_signal_deliver(const struct ksignal *ksig, const u64 *mask)
{
	struct user *u = user_of(current);
	struct frame *f = &u->frames[u->depth];

	if (u->broken_stack)
		return -EFAULT;
	BUG_ON(u->depth == FRAMES_MAX);
	*f = (struct frame){.ksig = *ksig, .call = u->call, .mask = *mask, .sp = u->sp};
	signal_save_altstack(&f->altstack, u->sp);
	u->sp = signal_stack(ksig, u->sp) - FRAME_SIZE;
	u->call.inside = u->call.restart = false;
	u->depth++;
	return 0;
}

int hal_sigreturn(u64 *mask, long *result)
{
	struct user *u = user_of(current);
	struct frame *f = &u->frames[--u->depth];

	*mask = f->mask;
	/* As Linux since 6.12: restore the alternate stack before the stack pointer, which is still
	 * the handler's. */
	signal_restore_altstack(&f->altstack);
	u->sp = f->sp;
	u->call = f->call;
	u->call.inside = false;
	*result = f->call.result;
	return 0;
}

int hal_user_cmpxchg(u32 *p, u32 *expected, u32 new)
{
	u32 seen;

	if (hal_copy_user(&seen, p, sizeof(seen)))
		return -EFAULT;
	if (seen == *expected)
		*p = new;
	*expected = seen;
	return 0;
}

/* For hal_user_fork_regs(): the function of the thread that host_user_clone() creates. */
static int (*next_fn)(void *arg);
static void *next_arg;

static int user_main(void *arg)
{
	struct user *u = user_of(current);

	host_user_call(__NR_exit, u->fn(u->arg), 0, 0, 0, 0, 0);
	BUG();
}

int hal_user_fork_regs(struct task_struct *child, u64 sp, u64 tls, bool set_tls)
{
	make_user(child, next_fn, next_arg);
	child->fn = user_main;
	return 0;
}

void hal_user_report(void)
{
	pr_err("host: end of the program");
}

/* ---- functions for the tests ------------------------------------------------------------------ */

/* Does the work that the machine does at each return to ring 3. */
static void leave_kernel(void)
{
	while (this_cpu()->need_resched || signal_pending(current))
		exit_to_user();
}

/* Runs the handlers whose frames lie above @depth, the last one first. */
static void run_handlers(struct user *u, unsigned int depth)
{
	while (u->depth > depth) {
		struct frame *f = &u->frames[u->depth - 1];
		void (*handler)(int, struct user_siginfo *, void *) =
			(void (*)(int, struct user_siginfo *, void *))f->ksig.action.handler;

		BUG_ON(f->begun);
		f->begun = true;
		handler(f->ksig.sig, &f->ksig.info, NULL);
		kernel_syscall(__NR_rt_sigreturn, 0, 0, 0, 0, 0, 0);
		leave_kernel();
	}
}

long host_user_call(long nr, long a, long b, long c, long d, long e, long f)
{
	struct user *u = user_of(current);
	struct call *call = &u->call;
	unsigned int depth = u->depth;

	*call = (struct call){.nr = nr, .args = {a, b, c, d, e, f}};
	do {
		const long *args = call->args;

		call->restart = false;
		call->inside = true;
		call->result = kernel_syscall(call->nr, args[0], args[1], args[2], args[3], args[4],
					      args[5]);
		leave_kernel();
		run_handlers(u, depth);
	} while (call->restart);
	return call->result;
}

long host_user_clone(u64 flags, u64 parent_tid, u64 child_tid, int (*fn)(void *arg), void *arg)
{
	next_fn = fn;
	next_arg = arg;
	return host_user_call(__NR_clone, (long)flags, 0, (long)parent_tid, (long)child_tid, 0, 0);
}

long host_user_thread(int (*fn)(void *arg), void *arg)
{
	return host_user_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				       CLONE_SYSVSEM,
			       0, 0, fn, arg);
}

struct task_struct *host_process_run(int (*fn)(void *arg), void *arg)
{
	struct task_struct *p = process_run(user_main, NULL, "program");

	if (!IS_ERR(p))
		make_user(p, fn, arg);
	return p;
}

void host_user_break_stack(void)
{
	user_of(current)->broken_stack = true;
}

void host_user_set_sp(u64 sp)
{
	user_of(current)->sp = sp;
}

u64 host_user_frame(void)
{
	return user_of(current)->sp;
}

void __noreturn hal_user_start(u64 ip, u64 sp)
{
	panic("the hosted kernel cannot run a program: it has no ring 3");
}
