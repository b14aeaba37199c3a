/* SPDX-License-Identifier: MIT */
/*
 * The soft-lockup watchdog.
 *
 * Callers: the scheduler -> watchdog_arm() when a thread gets the CPU; __do_softirq() ->
 * watchdog_softirq(); do_timer_interrupt() -> watchdog_tick().  All with interrupts off, and the
 * data is this CPU's: no lock.
 *
 * Kernel code is not preempted, so an endless loop in it stops all other threads.  Progress is
 * counted (cpu->progress).  If the count does not move for SOFT_LOCKUP_MS while a thread runs, the
 * thread is reported once, with its backtrace.  The backtrace has names only: any peer may read the
 * log, and an address would reveal where the image lies.  Application code may run without limit:
 * it is preempted.  A loop with interrupts off is not noticed.
 *
 * No tick when idle: the timer is armed while a thread runs.  When it fires and finds the idle
 * thread, it is not armed again.  Answers to Linux's kernel/watchdog.c.
 */
#include "kernel/sched/watchdog.h"

#include "kernel/hal.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/time.h"

#define SOFT_LOCKUP_NS (SOFT_LOCKUP_MS * NSEC_PER_MSEC)
#define FRAMES_MAX     16

struct watch {
	u64 progress; /* the count when it last moved, ... */
	u64 since;    /* ... and when that was seen, ns */
	bool told;
};

u64 soft_lockup_count;

static struct watch watches[NR_CPUS];

void watchdog_arm(u64 now_ns)
{
	clockevent_program(now_ns + SOFT_LOCKUP_NS);
}

/* Does a thread run that can keep the others from the CPU? */
static bool kernel_runs(void)
{
	const struct task_struct *p = current;

	if (in_serving_softirq())
		return true;
	return p != this_cpu()->idle && (!(p->flags & PF_APP) || p->syscall_depth);
}

/*
 * The idle thread and application code are not watched, but softirqs that interrupt them are, from
 * now on: that counts as progress.  In kernel code it does not: a thread that keeps the CPU there
 * is reported however often softirqs interrupt it.
 */
void watchdog_softirq(u64 now_ns)
{
	if (!kernel_runs())
		watchdog_progress();
	watchdog_arm(now_ns);
}

static void tell(u64 stood_ns)
{
	char symbol[HAL_SYMBOL_MAX];
	u64 pcs[FRAMES_MAX];
	unsigned int n = hal_backtrace(pcs, FRAMES_MAX);

	soft_lockup_count++;
	pr_err("soft lockup: %s (pid %d) keeps the CPU in the kernel for %llu ms, %s context",
	       current->comm, current->pid, (unsigned long long)(stood_ns / NSEC_PER_MSEC),
	       in_serving_softirq() ? "soft interrupt" : "process");
	for (unsigned int i = 0; i < n; i++) {
		hal_symbol(pcs[i], symbol, sizeof(symbol));
		pr_err("  %s", symbol);
	}
}

void watchdog_tick(u64 now_ns)
{
	struct watch *w = &watches[this_cpu()->id];

	if (!kernel_runs() || w->progress != this_cpu()->progress) {
		w->progress = this_cpu()->progress;
		w->since = now_ns;
		w->told = false;
	} else if (!w->told && now_ns - w->since >= SOFT_LOCKUP_NS) {
		w->told = true;
		tell(now_ns - w->since);
	}
	if (current != this_cpu()->idle || in_serving_softirq())
		watchdog_arm(now_ns);
}
