/* SPDX-License-Identifier: MIT */
/*
 * NAPI: a device's first interrupt starts polling; the device is then polled until it has no more
 * packets.
 *
 * Callers: a driver's hard interrupt and netif_rx call napi_schedule(); the softirq runs
 * net_rx_action(); a driver's poll ends with napi_complete_done(). The context that sets the bit
 * SCHED in napi->state owns the instance: it is in one list, or polled by one CPU. A CPU's list is
 * protected by sd->lock, taken with interrupts off because hard interrupts add to the list. Compare
 * napi_* and net_rx_action in Linux's net/core/dev.c.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

/* ---- scheduling, from interrupts -------------------------------------------------------------- */

static void napi_add_to_list(struct napi_struct *napi)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	list_add_tail(&napi->poll_list, &sd->poll_list);
	raise_softirq_irqoff(NET_RX_SOFTIRQ);
	spin_unlock_irqrestore(&sd->lock, flags);
}

void napi_schedule(struct napi_struct *napi)
{
	unsigned long old = READ_ONCE(napi->state), state;

	do {
		if (old & BIT(NAPI_STATE_DISABLE))
			return;
		state = old | BIT(NAPI_STATE_SCHED);
		/*
		 * The instance is already scheduled or being polled: MISSED makes
		 * napi_complete_done() schedule it once more.
		 */
		if (old & BIT(NAPI_STATE_SCHED))
			state |= BIT(NAPI_STATE_MISSED);
	} while (!__atomic_compare_exchange_n(&napi->state, &old, state, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	if (!(old & BIT(NAPI_STATE_SCHED)))
		napi_add_to_list(napi);
}

/* ---- polling, in softirq ---------------------------------------------------------------------- */

/* Polls one device once. Returns true if it must be polled again. */
static bool napi_poll(struct napi_struct *napi, int *budget)
{
	int weight = min(napi->weight, *budget);
	int work = napi->poll(napi, weight);

	WARN_ON(work > weight);
	*budget -= work;
	/*
	 * If poll() processed fewer packets than allowed, it has ended the polling itself, with
	 * napi_complete_done() or like process_backlog(), and no longer owns the instance: do not
	 * touch it.
	 */
	if (work < weight)
		return false;
	if (READ_ONCE(napi->state) & BIT(NAPI_STATE_DISABLE)) {
		napi_complete_done(napi, work);
		return false;
	}
	/* Pass up the held packets, so that none waits longer than one poll. */
	napi_gro_flush(napi);
	return true;
}

static void net_rx_action(void)
{
	struct softnet_data *sd = this_cpu()->softnet;
	u64 deadline = ktime_get_ns() + NETDEV_BUDGET_MS * NSEC_PER_MSEC;
	int budget = netdev_budget;
	LIST_HEAD(list);
	LIST_HEAD(again);
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	list_splice_tail_init(&sd->poll_list, &list);
	spin_unlock_irqrestore(&sd->lock, flags);

	while (!list_empty(&list)) {
		struct napi_struct *napi = list_first_entry(&list, struct napi_struct, poll_list);

		list_del_init(&napi->poll_list);
		if (napi_poll(napi, &budget))
			list_add_tail(&napi->poll_list, &again);
		/* A device that was scheduled meanwhile has raised the softirq again. */
		if (list_empty(&list) && list_empty(&again))
			return;
		if (budget <= 0 || ktime_get_ns() >= deadline) {
			sd->time_squeeze++;
			break;
		}
		if (list_empty(&list))
			list_splice_tail_init(&again, &list);
	}

	spin_lock_irqsave(&sd->lock, flags);
	/*
	 * Order of the next run: first the devices that this run did not reach, then those that it
	 * polled and that have more packets, then devices that were scheduled meanwhile.
	 */
	list_splice_tail_init(&again, &list);
	list_splice_tail_init(&sd->poll_list, &list);
	list_splice_tail_init(&list, &sd->poll_list);
	if (!list_empty(&sd->poll_list))
		raise_softirq_irqoff(NET_RX_SOFTIRQ);
	spin_unlock_irqrestore(&sd->lock, flags);
}

bool napi_complete_done(struct napi_struct *napi, int work)
{
	unsigned long old, state;

	napi_gro_flush(napi);
	old = READ_ONCE(napi->state);
	do {
		WARN_ON(!(old & BIT(NAPI_STATE_SCHED)));
		state = old & ~(BIT(NAPI_STATE_SCHED) | BIT(NAPI_STATE_MISSED));
		/*
		 * napi_schedule() was called while we polled, and only set MISSED: schedule the
		 * instance again.
		 */
		if ((old & BIT(NAPI_STATE_MISSED)) && !(old & BIT(NAPI_STATE_DISABLE)))
			state |= BIT(NAPI_STATE_SCHED);
	} while (!__atomic_compare_exchange_n(&napi->state, &old, state, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	if (state & BIT(NAPI_STATE_SCHED)) {
		napi_add_to_list(napi);
		return false;
	}
	return true;
}

/* ---- instances -------------------------------------------------------------------------------- */

void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    int (*poll)(struct napi_struct *, int), int weight)
{
	BUG_ON(weight <= 0 || weight > NAPI_POLL_WEIGHT);
	*napi = (struct napi_struct){.poll = poll, .weight = weight, .dev = dev};
	INIT_LIST_HEAD(&napi->poll_list);
	/*
	 * With SCHED set, napi_schedule() never adds the instance to a list; napi_enable() clears
	 * the bit.
	 */
	set_bit(NAPI_STATE_SCHED, &napi->state);
}

void napi_enable(struct napi_struct *napi)
{
	BUG_ON(!test_bit(NAPI_STATE_SCHED, &napi->state));
	clear_bit(NAPI_STATE_MISSED, &napi->state);
	clear_bit(NAPI_STATE_SCHED, &napi->state);
}

void napi_disable(struct napi_struct *napi)
{
	BUG_ON(!may_sleep());
	set_bit(NAPI_STATE_DISABLE, &napi->state);
	/* Once we have set SCHED ourselves, no poll is running and none can be scheduled. */
	while (test_and_set_bit(NAPI_STATE_SCHED, &napi->state))
		schedule_timeout_uninterruptible(1);
	clear_bit(NAPI_STATE_DISABLE, &napi->state);
}

void napi_init(struct softnet_data *sd)
{
	netif_napi_add(NULL, &sd->backlog, process_backlog, NAPI_POLL_WEIGHT);
	napi_enable(&sd->backlog);
	open_softirq(NET_RX_SOFTIRQ, net_rx_action);
}
