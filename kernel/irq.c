/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: the table of handlers by interrupt number, and the entry and exit code of
 * every interrupt.
 *
 * Callers: the platform's interrupt code -> do_IRQ(), do_timer_interrupt(), with interrupts off;
 * drivers -> request_irq() (process context).
 *
 * At the end of an interrupt pending softirqs run.  Kernel code is never preempted.  Compare Linux's
 * kernel/irq/manage.c and arch/x86/kernel/irq.c.
 */
#include "kernel/irq.h"

#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/spinlock.h"
#include "kernel/sched/watchdog.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

u64 timer_irq_count;
u64 nmi_count;
u64 spurious_irq_count;

static struct irq_desc descs[NR_IRQS];
static DEFINE_SPINLOCK(irq_lock); /* protects the allocation of numbers in descs[] */

int request_irq(const char *name, irq_handler_t handler, void *arg)
{
	unsigned long flags;
	int irq = -ENOSPC;

	BUG_ON(!handler);
	spin_lock_irqsave(&irq_lock, flags);
	for (unsigned int i = 0; i < NR_IRQS; i++) {
		if (!descs[i].handler) {
			descs[i] = (struct irq_desc){.name = name, .handler = handler, .arg = arg};
			irq = i;
			break;
		}
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return irq;
}

void free_irq(unsigned int irq)
{
	unsigned long flags;

	BUG_ON(irq >= NR_IRQS);
	spin_lock_irqsave(&irq_lock, flags);
	descs[irq] = (struct irq_desc){NULL};
	spin_unlock_irqrestore(&irq_lock, flags);
}

const struct irq_desc *irq_desc(unsigned int irq)
{
	return irq < NR_IRQS && descs[irq].handler ? &descs[irq] : NULL;
}

/* ---- functions that the platform calls ------------------------------------------------------ */

void __weak preempt_ring0(void)
{
}

/*
 * The end of every interrupt: runs softirqs, then preempts an application in ring 0 whose time slice
 * is over.  A program in ring 3 is preempted by exit_to_user().
 */
static void interrupt_exit(void)
{
	irq_exit();
	if (this_cpu()->need_resched && !preempt_count())
		preempt_ring0();
}

void generic_handle_irq(unsigned int irq)
{
	struct irq_desc *desc = &descs[irq < NR_IRQS ? irq : 0];

	if (likely(irq < NR_IRQS && desc->handler)) {
		desc->count++;
		desc->handler(desc->arg);
	} else {
		spurious_irq_count++;
	}
}

void do_IRQ(unsigned int irq)
{
	irq_enter();
	generic_handle_irq(irq);
	interrupt_exit();
}

void do_timer_interrupt(void)
{
	u64 now = ktime_get_ns();

	irq_enter();
	timer_irq_count++;
	clockevent_fired();
	timers_interrupt(now);
	hrtimers_interrupt(now);
	sched_tick(now);
	watchdog_tick(now);
	interrupt_exit();
}
