/* SPDX-License-Identifier: MIT */
/*
 * The soft-lockup watchdog.
 *
 * Callers: the scheduler -> watchdog_arm() when a thread gets the CPU; __do_softirq() ->
 * watchdog_softirq(); do_timer_interrupt() -> watchdog_tick().  No lock: all run with interrupts
 * off, and the data belongs to this CPU.
 *
 * Kernel code is not preempted, so an endless loop in it stops all other threads.  cpu->progress
 * counts the thread switches and other progress.  If it does not change for SOFT_LOCKUP_MS while a
 * thread runs kernel code, the thread is reported once, with its backtrace.  The backtrace has
 * names but no addresses, because an application may show the log to its peers, and an address
 * would reveal where KASLR put the image.  Application code is not watched, because it is
 * preempted.  A loop with interrupts off is not detected.
 *
 * The timer is armed while a thread runs.  When it fires while the CPU is idle, it is not armed
 * again, so an idle kernel has no periodic interrupt.  Compare Linux's kernel/watchdog.c.
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
	u64 progress; /* value of cpu->progress at the last tick */
	u64 since;    /* ns: when that value was first seen */
	bool told;
};

u64 soft_lockup_count;

static struct watch watches[NR_CPUS];

void watchdog_arm(u64 now_ns)
{
	clockevent_program(now_ns + SOFT_LOCKUP_NS);
}

/*
 * Returns true if kernel code runs that other threads cannot preempt: a softirq, a kernel thread,
 * or a system call.
 */
static bool kernel_runs(void)
{
	const struct task_struct *p = current;

	if (in_serving_softirq())
		return true;
	return p != this_cpu()->idle && (!(p->flags & (PF_APP | PF_USER)) || p->syscall_depth);
}

/*
 * Called when softirqs begin to run.  If they interrupt the idle thread or application code, which
 * are not watched, the watch begins anew.  If they interrupt kernel code, the watch of that code
 * continues: a thread that keeps the CPU in the kernel is reported, however often softirqs
 * interrupt it.
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
