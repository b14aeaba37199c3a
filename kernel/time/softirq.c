/* SPDX-License-Identifier: MIT */
/*
 * Soft interrupts and ksoftirqd.
 *
 * Callers, in order: a hard interrupt handler calls raise_softirq_irqoff().  At the end of the
 * interrupt irq_exit() runs the pending softirqs, with interrupts on, on the interrupted thread's
 * stack; so does the outermost local_bh_enable().  After MAX_SOFTIRQ_RESTART rounds or
 * MAX_SOFTIRQ_MS, ksoftirqd does the rest.  While that thread is runnable, it does all softirq
 * work, and alternates with the other threads: a flood of packets cannot take all of the CPU.
 *
 * Locks: none.  cpu->softirq_pending is changed with interrupts off, preempt_count only by its own
 * context (an interrupt restores it before it returns).
 *
 * Compare Linux's kernel/softirq.c.
 */
#include "kernel/time/softirq.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/spinlock.h"
#include "kernel/sched/watchdog.h"
#include "kernel/time/limits.h"
#include "kernel/time/time.h"

u64 softirq_count[NR_SOFTIRQS];

static void (*actions[NR_SOFTIRQS])(void);

void open_softirq(enum softirq nr, void (*action)(void))
{
	BUG_ON((unsigned int)nr >= NR_SOFTIRQS || actions[nr]);
	actions[nr] = action;
}

bool local_softirq_pending(void)
{
	return this_cpu()->softirq_pending;
}

struct task_struct *ksoftirqd;

static void wakeup_softirqd(void)
{
	if (ksoftirqd)
		wake_up_process(ksoftirqd);
}

/* ---- raising a softirq ---------------------------------------------------------------------- */

void raise_softirq_irqoff(enum softirq nr)
{
	this_cpu()->softirq_pending |= 1u << nr;
	/*
	 * In an interrupt, or while softirqs are disabled, irq_exit() or local_bh_enable() will run
	 * the softirq.  In process context neither is certain to come soon: wake ksoftirqd.
	 */
	if (!in_interrupt())
		wakeup_softirqd();
}

void raise_softirq(enum softirq nr)
{
	unsigned long flags = hal_irq_save();

	raise_softirq_irqoff(nr);
	hal_irq_restore(flags);
}

/* ---- running -------------------------------------------------------------------------------- */

static void run_actions(u32 pending)
{
	struct cpu *cpu = this_cpu();

	while (pending) {
		unsigned int nr = __builtin_ctz(pending);
		unsigned int count = cpu->preempt_count;

		pending &= pending - 1;
		BUG_ON(!actions[nr]);
		softirq_count[nr]++;
		actions[nr]();
		if (unlikely(cpu->preempt_count != count))
			panic("softirq %u returned with preempt_count %x, entered with %x", nr,
			      cpu->preempt_count, count);
	}
}

/*
 * Runs the pending softirqs. irq off and not in an interrupt; interrupts are on while the softirqs'
 * functions run.
 */
static void __do_softirq(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = ktime_get_ns(), end = now + MAX_SOFTIRQ_MS * NSEC_PER_MSEC;
	unsigned int rounds = MAX_SOFTIRQ_RESTART;
	u32 pending = cpu->softirq_pending;

	watchdog_softirq(now);
	cpu->preempt_count += SOFTIRQ_OFFSET;
	while (pending) {
		cpu->softirq_pending = 0;
		hal_irq_enable();
		run_actions(pending);
		hal_irq_disable();
		pending = cpu->softirq_pending;
		if (pending && (!--rounds || ktime_get_ns() >= end)) {
			wakeup_softirqd();
			break;
		}
	}
	cpu->preempt_count -= SOFTIRQ_OFFSET;
}

/* Returns true if ksoftirqd is runnable.  As long as it is, no other context runs softirqs. */
static bool ksoftirqd_has_it(void)
{
	return ksoftirqd && ksoftirqd->on_rq && ksoftirqd->state == TASK_RUNNING;
}

void do_softirq(void)
{
	unsigned long flags = hal_irq_save();

	if (local_softirq_pending() && !in_interrupt() && !ksoftirqd_has_it())
		__do_softirq();
	hal_irq_restore(flags);
}

/* ---- disabling softirqs --------------------------------------------------------------------- */

void local_bh_disable(void)
{
	this_cpu()->preempt_count += SOFTIRQ_DISABLE_OFFSET;
	barrier();
}

void local_bh_enable(void)
{
	struct cpu *cpu = this_cpu();

	BUG_ON((cpu->preempt_count & SOFTIRQ_MASK) < SOFTIRQ_DISABLE_OFFSET);
	lockdep_assert_irqs_enabled();
	barrier();
	cpu->preempt_count -= SOFTIRQ_DISABLE_OFFSET;
	if (unlikely(cpu->softirq_pending) && !in_interrupt())
		do_softirq();
}

/* ---- around a hard interrupt ---------------------------------------------------------------- */

void irq_enter(void)
{
	this_cpu()->preempt_count += HARDIRQ_OFFSET;
	barrier();
}

void irq_exit(void)
{
	barrier();
	this_cpu()->preempt_count -= HARDIRQ_OFFSET;
	if (local_softirq_pending() && !in_interrupt() && !ksoftirqd_has_it())
		__do_softirq();
}

/* ---- the thread ksoftirqd ------------------------------------------------------------------- */

static int ksoftirqd_main(void *arg)
{
	for (;;) {
		hal_irq_disable();
		if (local_softirq_pending()) {
			__do_softirq();
			hal_irq_enable();
			cond_resched();
			continue;
		}
		/*
		 * Set the state while interrupts are off: a softirq that is raised later then wakes
		 * the thread.
		 */
		__set_current_state(TASK_INTERRUPTIBLE);
		hal_irq_enable();
		schedule();
	}
	return 0;
}

void softirq_init(void)
{
	struct task_struct *thread =
		kthread_run(ksoftirqd_main, NULL, "ksoftirqd/%u", this_cpu()->id);

	if (IS_ERR(thread))
		panic("no memory for ksoftirqd");
	ksoftirqd = thread;
}
