/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending and delivery.
 *
 * Callers: kill() and its sisters, timers, sockets -> send_signal_*(), any context; exceptions of
 * ring 3 -> force_sig_fault(); the platform's return to ring 3 -> exit_to_user() -> deliver() ->
 * hal_signal_deliver(), process context.  sys_signal.c has the system calls.
 *
 * Lock: process.siglock, interrupts off.  A thread's flag `interrupted` (signal_pending()) is set
 * when a signal arrives that it does not block; it is computed anew when the thread takes a signal
 * or changes its mask.  Compare Linux's kernel/signal.c and arch/x86/kernel/signal.c.
 */
#include "kernel/process/signal.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/process/limits.h"
#include "kernel/process/posix_timers.h"
#include "kernel/process/exec.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"

#define SIG_DFL 0
#define SIG_IGN 1

/* Faults are delivered before other signals: their handler must see the faulting instruction. */
#define SYNCHRONOUS                                                                                \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) |                 \
	 sigmask(SIGFPE) | sigmask(SIGSYS))
#define IGNORED_BY_DEFAULT                                                                         \
	(sigmask(SIGCHLD) | sigmask(SIGCONT) | sigmask(SIGURG) | sigmask(SIGWINCH))
#define STOPS         (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define NEVER_BLOCKED (sigmask(SIGKILL) | sigmask(SIGSTOP))

static struct kmem_cache *sigqueue_cache;

static const char *const names[] = {
	[SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
	[SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
	[SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
	[SIGSTKFLT] = "SIGSTKFLT", [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN",     [SIGTTOU] = "SIGTTOU",     [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
	[SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",       [SIGSYS] = "SIGSYS",
};

static const char *signal_name(int sig)
{
	return sig < ARRAY_SIZE(names) && names[sig] ? names[sig] : "real-time";
}

void signals_init(void)
{
	INIT_LIST_HEAD(&process.shared.queue);
	INIT_LIST_HEAD(&process.threads);
	sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 0, SIGQUEUE_MAX);
}

/* ---- pending signals (siglock held) --------------------------------------------------------- */

static void free_entry(struct sigqueue *q)
{
	list_del_init(&q->list);
	if (!q->timer)
		kmem_cache_free(sigqueue_cache, q);
}

static struct sigqueue *find_entry(const struct sigpending *pending, int sig)
{
	struct sigqueue *q;

	list_for_each_entry(q, &pending->queue, list) {
		if (q->info.si_signo == sig)
			return q;
	}
	return NULL;
}

static void discard(struct sigpending *pending, u64 mask)
{
	struct sigqueue *q, *next;

	pending->signal &= ~mask;
	list_for_each_entry_safe(q, next, &pending->queue, list) {
		if (mask & sigmask(q->info.si_signo))
			free_entry(q);
	}
}

static void discard_everywhere(u64 mask)
{
	struct task_struct *p;

	discard(&process.shared, mask);
	list_for_each_entry(p, &process.threads, sig.threads)
		discard(&p->sig.pending, mask);
}

void flush_signal(int sig)
{
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	discard_everywhere(sigmask(sig));
	spin_unlock_irqrestore(&process.siglock, flags);
}

/*
 * Takes the pending signal @sig.  A signal has no entry if SIGQUEUE_MAX entries were in use, or memory was
 * out, when it was sent. The signal stays pending while another timer's entry for it remains. Returns the timer
 * that sent the taken signal, or NULL.
 */
static struct posix_timer *collect(struct sigpending *pending, int sig, struct user_siginfo *info)
{
	struct sigqueue *q = find_entry(pending, sig);
	struct posix_timer *timer = NULL;

	*info = (struct user_siginfo){.si_signo = sig};
	if (q) {
		*info = q->info;
		timer = q->timer;
		free_entry(q);
	}
	if (!find_entry(pending, sig))
		pending->signal &= ~sigmask(sig);
	return timer;
}

static u64 pending_for(const struct task_struct *p)
{
	return (p->sig.pending.signal | process.shared.signal) & ~p->sig.blocked;
}

static void recalc_sigpending(void)
{
	current->interrupted = pending_for(current) || process.exiting;
}

/* ---- sending (siglock held) ----------------------------------------------------------------- */

bool signal_is_ignored(int sig)
{
	u64 handler = process.action[sig - 1].handler;

	return handler == SIG_IGN || (handler == SIG_DFL && (sigmask(sig) & IGNORED_BY_DEFAULT));
}

static bool wants_signal(const struct task_struct *p, int sig)
{
	if (p->sig.blocked & sigmask(sig))
		return false;
	return sig == SIGKILL || p == current || !signal_pending(p);
}

/*
 * Chooses the thread that takes the signal, and ends its sleep.  If no thread can take the signal
 * now, it stays pending.  A signal for the process goes to the first thread if that thread can take
 * it, as on Linux.
 */
static void wake_taker(int sig, struct task_struct *to)
{
	struct task_struct *p;

	if (to) {
		if (wants_signal(to, sig))
			thread_interrupt(to);
		return;
	}
	list_for_each_entry(p, &process.threads, sig.threads) {
		if (wants_signal(p, sig)) {
			thread_interrupt(p);
			return;
		}
	}
}

/* SIGCONT discards pending stop signals, and a stop signal discards a pending SIGCONT. */
static void discard_opposite(int sig)
{
	if (sig == SIGCONT)
		discard_everywhere(STOPS);
	else if (sigmask(sig) & STOPS)
		discard_everywhere(sigmask(SIGCONT));
}

/*
 * Returns true if the signal is ignored and not blocked. For the process, the mask of the first
 * thread counts. A blocked signal is kept, because it may have another handler when it is
 * unblocked. A signal for which rt_sigtimedwait() waits counts as blocked, although the wait
 * unblocks it.
 */
static bool drops(int sig, const struct task_struct *to)
{
	const struct task_struct *p = to ? to : process.first;
	u64 blocked = p ? p->sig.blocked | p->sig.real_blocked : process.first_blocked;

	return !(blocked & sigmask(sig)) && signal_is_ignored(sig);
}

/* @to: NULL = the process. */
static void send(int sig, const struct user_siginfo *info, struct task_struct *to)
{
	struct sigpending *pending = to ? &to->sig.pending : &process.shared;
	struct sigqueue *q;

	discard_opposite(sig);
	if (drops(sig, to) || (pending->signal & sigmask(sig)))
		return;
	q = kmem_cache_zalloc(sigqueue_cache, GFP_ATOMIC);
	if (q) {
		q->info = info ? *info : (struct user_siginfo){.si_code = SI_KERNEL};
		q->info.si_signo = sig;
		list_add_tail(&q->list, &pending->queue);
	}
	pending->signal |= sigmask(sig);
	wake_taker(sig, to);
}

void send_signal_to_process(int sig, const struct user_siginfo *info)
{
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	if (!list_empty(&process.threads))
		send(sig, info, NULL);
	spin_unlock_irqrestore(&process.siglock, flags);
}

void send_signal_to_thread(int sig, const struct user_siginfo *info, struct task_struct *p)
{
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	send(sig, info, p);
	spin_unlock_irqrestore(&process.siglock, flags);
}

enum timer_sent send_timer_signal(struct sigqueue *q, int tid)
{
	enum timer_sent result = TIMER_NO_THREAD;
	struct sigpending *pending = &process.shared;
	struct task_struct *to = NULL;
	int sig = q->info.si_signo;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	if (tid) {
		to = process_thread(tid);
		if (!to)
			goto out_unlock;
		pending = &to->sig.pending;
	} else if (list_empty(&process.threads)) {
		goto out_unlock;
	}
	result = TIMER_IGNORED;
	if (drops(sig, to))
		goto out_unlock;
	result = TIMER_SENT;
	list_add_tail(&q->list, &pending->queue);
	pending->signal |= sigmask(sig);
	wake_taker(sig, to);
out_unlock:
	spin_unlock_irqrestore(&process.siglock, flags);
	return result;
}

/* Clears the bit of a signal whose last entry is gone. */
static void update_bit(struct sigpending *pending, int sig)
{
	if (!find_entry(pending, sig))
		pending->signal &= ~sigmask(sig);
}

void withdraw_timer_signal(struct sigqueue *q)
{
	int sig = q->info.si_signo;
	struct task_struct *p;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	if (!list_empty(&q->list)) {
		list_del_init(&q->list);
		update_bit(&process.shared, sig);
		list_for_each_entry(p, &process.threads, sig.threads)
			update_bit(&p->sig.pending, sig);
	}
	spin_unlock_irqrestore(&process.siglock, flags);
}

void send_sigpipe(void)
{
	const struct user_siginfo info = {.si_code = SI_USER, .si_pid = PROCESS_PID};

	if (current->flags & PF_USER)
		send_signal_to_thread(SIGPIPE, &info, current);
}

static void force_signal(int sig, const struct user_siginfo *info)
{
	struct user_sigaction *action = &process.action[sig - 1];
	struct thread_signals *own = &current->sig;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	if (action->handler == SIG_IGN || (own->blocked & sigmask(sig))) {
		action->handler = SIG_DFL;
		own->blocked &= ~sigmask(sig);
	}
	/* Discard a pending instance that kill() sent: the details of the fault must arrive. */
	discard(&own->pending, sigmask(sig));
	send(sig, info, current);
	recalc_sigpending();
	spin_unlock_irqrestore(&process.siglock, flags);
}

void force_sig_fault(int sig, int code, u64 address)
{
	force_signal(sig, &(struct user_siginfo){.si_code = code, .si_addr = address});
}

/* ---- taking a pending signal ---------------------------------------------------------------- */

static int next_signal(u64 set)
{
	if (set & SYNCHRONOUS)
		set &= SYNCHRONOUS;
	return set ? __builtin_ctzl(set) + 1 : 0;
}

int dequeue_signal(u64 blocked, struct user_siginfo *info)
{
	struct sigpending *pending = &current->sig.pending;
	struct posix_timer *timer = NULL;
	unsigned long flags;
	int sig;

	spin_lock_irqsave(&process.siglock, flags);
	sig = next_signal(pending->signal & ~blocked);
	if (!sig) {
		pending = &process.shared;
		sig = next_signal(pending->signal & ~blocked);
	}
	if (sig)
		timer = collect(pending, sig, info);
	recalc_sigpending();
	spin_unlock_irqrestore(&process.siglock, flags);
	if (timer)
		posix_timer_taken(timer, info);
	return sig;
}

static void __noreturn die(const struct user_siginfo *info)
{
	int sig = info->si_signo;

	if (process.exiting)
		do_exit();
	if (sig == SIGTERM && shutdown_requested()) {
		/* The power button asked for this end: it is no failure. */
		pr_notice("'%s' ends by SIGTERM", current->comm);
		process_exit(0);
	}
	if (info->si_code > 0 && info->si_code != SI_KERNEL)
		pr_err("'%s' (thread %d) is killed by signal %d, %s, code %d, address %#llx",
		       current->comm, current->pid, sig, signal_name(sig), info->si_code,
		       (unsigned long long)info->si_addr);
	else
		pr_err("'%s' (thread %d) is killed by signal %d, %s, code %d", current->comm,
		       current->pid, sig, signal_name(sig), info->si_code);
	hal_user_report();
	mm_show_maps();
	process_exit(128 + sig);
}

/* A stop signal has no effect, because another process would have to continue the program. */
static void report_stop(int sig)
{
	static bool reported;

	if (!reported)
		pr_warn("signal %d, %s, does not stop the program: it is ignored", sig,
			signal_name(sig));
	reported = true;
}

/*
 * Takes pending signals until one has a handler, which is stored in @ksig.  Returns false when none
 * is left.
 */
static bool get_signal(struct ksignal *ksig)
{
	struct user_sigaction *action;

	for (;;) {
		unsigned long flags;

		if (process.exiting)
			do_exit();
		ksig->sig = dequeue_signal(current->sig.blocked, &ksig->info);
		if (!ksig->sig)
			return false;
		spin_lock_irqsave(&process.siglock, flags);
		action = &process.action[ksig->sig - 1];
		ksig->action = *action;
		if (action->handler > SIG_IGN && (action->flags & SA_RESETHAND))
			action->handler = SIG_DFL;
		spin_unlock_irqrestore(&process.siglock, flags);
		if (ksig->action.handler > SIG_IGN)
			return true;
		if (signal_is_ignored(ksig->sig))
			continue;
		if (!(sigmask(ksig->sig) & STOPS))
			die(&ksig->info);
		report_stop(ksig->sig);
	}
}

/* ---- masks ---------------------------------------------------------------------------------- */

/*
 * The current thread begins to block @mask: a signal for the process that it would have taken goes
 * to another thread. siglock held.
 */
static void retarget(u64 mask)
{
	u64 left = process.shared.signal & mask;
	struct task_struct *p;

	list_for_each_entry(p, &process.threads, sig.threads) {
		if (!left)
			return;
		if (p == current || !(left & ~p->sig.blocked))
			continue;
		left &= p->sig.blocked;
		if (!signal_pending(p))
			thread_interrupt(p);
	}
}

void set_current_blocked(u64 mask)
{
	struct thread_signals *own = &current->sig;
	unsigned long flags;

	mask &= ~NEVER_BLOCKED;
	if (own->blocked == mask)
		return;
	spin_lock_irqsave(&process.siglock, flags);
	retarget(mask & ~own->blocked);
	own->blocked = mask;
	recalc_sigpending();
	spin_unlock_irqrestore(&process.siglock, flags);
}

int set_user_sigmask(const u64 __user *mask, size_t size)
{
	u64 set;

	if (!mask)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	if (!(current->flags & PF_USER))
		return 0;
	current->sig.saved_mask = current->sig.blocked;
	current->sig.restore_mask = true;
	set_current_blocked(set);
	return 0;
}

static void restore_saved_sigmask(void)
{
	if (!current->sig.restore_mask)
		return;
	current->sig.restore_mask = false;
	set_current_blocked(current->sig.saved_mask);
}

void restore_saved_sigmask_unless(bool interrupted)
{
	if (interrupted)
		WARN_ON(current->sig.restore_mask && !signal_pending(current));
	else
		restore_saved_sigmask();
}

/* ---- delivery ------------------------------------------------------------------------------- */

/*
 * A signal with a handler interrupted the current system call.  Makes the call return EINTR, or
 * start again after the handler.
 */
static void call_meets_handler(const struct user_sigaction *action)
{
	switch (hal_syscall_result()) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		hal_syscall_set_result(-EINTR);
		break;
	case -ERESTARTSYS:
		if (!(action->flags & SA_RESTART)) {
			hal_syscall_set_result(-EINTR);
			break;
		}
		fallthrough;
	case -ERESTARTNOINTR:
		hal_syscall_restart(-1);
		break;
	}
}

/* A signal interrupted the current system call, but no handler runs: makes the call start again. */
static void call_meets_no_handler(void)
{
	switch (hal_syscall_result()) {
	case -ERESTARTSYS:
	case -ERESTARTNOHAND:
	case -ERESTARTNOINTR:
		hal_syscall_restart(-1);
		break;
	case -ERESTART_RESTARTBLOCK:
		hal_syscall_restart(__NR_restart_syscall);
		break;
	}
}

static void handle_signal(const struct ksignal *ksig)
{
	struct thread_signals *own = &current->sig;
	u64 old = own->restore_mask ? own->saved_mask : own->blocked;
	u64 blocked = own->blocked | ksig->action.mask;

	call_meets_handler(&ksig->action);
	if (hal_signal_deliver(ksig, &old)) {
		/*
		 * There is no stack for the handler.  If it is SIGSEGV's handler, SIGSEGV must end
		 * the program.
		 */
		if (ksig->sig == SIGSEGV)
			process.action[SIGSEGV - 1].handler = SIG_DFL;
		force_signal(SIGSEGV, NULL);
		return;
	}
	own->restore_mask = false;
	if (own->altstack_flags & SS_AUTODISARM) {
		own->altstack_sp = own->altstack_size = 0;
		own->altstack_flags = SS_DISABLE;
	}
	if (!(ksig->action.flags & SA_NODEFER))
		blocked |= sigmask(ksig->sig);
	set_current_blocked(blocked);
}

static void deliver(void)
{
	struct ksignal ksig;

	if (get_signal(&ksig)) {
		handle_signal(&ksig);
		return;
	}
	call_meets_no_handler();
	restore_saved_sigmask();
}

void exit_to_user(void)
{
	while (this_cpu()->need_resched || signal_pending(current)) {
		if (this_cpu()->need_resched)
			schedule();
		if (signal_pending(current))
			deliver();
	}
}

long set_restart_fn(long (*fn)(struct restart_block *restart))
{
	current->sig.restart.fn = fn;
	return -ERESTART_RESTARTBLOCK;
}

int copy_siginfo_to_user(void __user *to, const struct user_siginfo *info)
{
	u8 all[SIGINFO_SIZE] = {0};

	memcpy(all, info, sizeof(*info));
	return copy_to_user(to, all, sizeof(all)) ? -EFAULT : 0;
}

/* ---- threads -------------------------------------------------------------------------------- */

void signals_thread_begins(struct task_struct *p, const struct task_struct *parent)
{
	unsigned long flags;

	p->sig.blocked = parent ? parent->sig.blocked : 0;
	p->sig.altstack_flags = SS_DISABLE;
	INIT_LIST_HEAD(&p->sig.pending.queue);
	spin_lock_irqsave(&process.siglock, flags);
	list_add_tail(&p->sig.threads, &process.threads);
	/*
	 * A signal for the process may be pending because all other threads block it; this thread
	 * may take it.  If the process ended while clone() slept, the thread ends before it reaches
	 * ring 3.
	 */
	if (pending_for(p) || process.exiting)
		p->interrupted = true;
	spin_unlock_irqrestore(&process.siglock, flags);
}

void signals_thread_ends(void)
{
	struct task_struct *self = current;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	list_del_init(&self->sig.threads);
	discard(&self->sig.pending, ~0UL);
	retarget(~self->sig.blocked);
	spin_unlock_irqrestore(&process.siglock, flags);
}
