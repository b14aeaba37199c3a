/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own files in /proc: interrupts, softirqs, slabinfo, meminfo, uptime and kmsg in
 * Linux's formats; threads and console, which Linux does not have.
 *
 * Each show() <- proc_open().  Process context.  Counters are read without the locks of the code
 * that changes them: a number may be slightly out of date, but is never half old and half new.
 */
#include "include/uapi/errno.h"
#include "kernel/console.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/proc.h"
#include "kernel/irq.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/watchdog.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"

typedef unsigned long long ull;

static int show_interrupts(struct seq_file *m)
{
	seq_puts(m, "           CPU0\n");
	for (unsigned int i = 0; i < NR_IRQS; i++) {
		const struct irq_desc *desc = irq_desc(i);

		if (desc)
			seq_printf(m, "%3u: %10llu   %s\n", i, (ull)READ_ONCE(desc->count),
				   desc->name);
	}
	seq_printf(m, "NMI: %10llu   Non-maskable interrupts\n", (ull)READ_ONCE(nmi_count));
	seq_printf(m, "LOC: %10llu   Local timer interrupts\n", (ull)READ_ONCE(timer_irq_count));
	seq_printf(m, "SPU: %10llu   Spurious interrupts\n", (ull)READ_ONCE(spurious_irq_count));
	seq_printf(m, "SLU: %10llu   Soft lockups\n", (ull)READ_ONCE(soft_lockup_count));
	return 0;
}

static int show_softirqs(struct seq_file *m)
{
	static const char *const names[NR_SOFTIRQS] = {
		[TIMER_SOFTIRQ] = "TIMER",     [NET_TX_SOFTIRQ] = "NET_TX",
		[NET_RX_SOFTIRQ] = "NET_RX",   [TASKLET_SOFTIRQ] = "TASKLET",
		[HRTIMER_SOFTIRQ] = "HRTIMER",
	};

	seq_puts(m, "                    CPU0\n");
	for (unsigned int i = 0; i < NR_SOFTIRQS; i++)
		seq_printf(m, "%12s: %10llu\n", names[i], (ull)READ_ONCE(softirq_count[i]));
	return 0;
}

/*
 * Prints Linux's columns, followed by three columns of our own: the cache's limit, its highest
 * number of live objects, and the refused allocations.
 */
static int show_slabinfo(struct seq_file *m)
{
	struct kmem_cache *cache;

	seq_puts(m,
		 "slabinfo - version: 2.1\n"
		 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		 " : tunables <limit> <batchcount> <sharedfactor>"
		 " : slabdata <active_slabs> <num_slabs> <sharedavail>"
		 " : bounds <limit> <high> <failed>\n");
	list_for_each_entry(cache, kmem_caches(), caches)
		seq_printf(m,
			   "%-17s %6llu %6llu %6u %4u %4u : tunables %4u %4u %4u"
			   " : slabdata %6llu %6llu %6u : bounds %llu %llu %llu\n",
			   cache->name, (ull)cache->live, (ull)cache->slabs * cache->per_slab,
			   cache->stride, cache->per_slab, 1U << cache->order, 0, 0, 0,
			   (ull)(cache->slabs - cache->empty), (ull)cache->slabs, 0,
			   (ull)cache->limit, (ull)cache->high, (ull)cache->failed);
	return 0;
}

static int show_meminfo(struct seq_file *m)
{
	u64 slab_pages = 0, empty_pages = 0;
	struct kmem_cache *cache;

	list_for_each_entry(cache, kmem_caches(), caches) {
		slab_pages += cache->slabs << cache->order;
		empty_pages += (u64)cache->empty << cache->order;
	}
	seq_printf(m, "MemTotal:       %8llu kB\n", (ull)nr_total_pages() * (PAGE_SIZE / 1024));
	seq_printf(m, "MemFree:        %8llu kB\n", (ull)nr_free_pages() * (PAGE_SIZE / 1024));
	seq_printf(m, "MemAvailable:   %8llu kB\n",
		   (ull)(nr_free_pages() + empty_pages) * (PAGE_SIZE / 1024));
	seq_printf(m, "Slab:           %8llu kB\n", (ull)slab_pages * (PAGE_SIZE / 1024));
	return 0;
}

static void print_centiseconds(struct seq_file *m, u64 ns, char end)
{
	seq_printf(m, "%llu.%02llu%c", (ull)(ns / NSEC_PER_SEC),
		   (ull)(ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100)), end);
}

/*
 * Prints two numbers as Linux does: the seconds since boot, and the seconds that the CPU was idle.
 */
static int show_uptime(struct seq_file *m)
{
	const struct task_struct *idle = this_cpu()->idle;

	print_centiseconds(m, ktime_get_ns(), ' ');
	print_centiseconds(m, idle ? idle->runtime_ns : 0, '\n');
	return 0;
}

/*
 * No lock: the list of threads changes only in process context, and this loop does not sleep, so no
 * other thread runs meanwhile.
 */
static int show_threads(struct seq_file *m)
{
	struct task_struct *p;

	seq_puts(m, "  PID S KIND         TIME COMM\n");
	list_for_each_entry(p, all_threads(), all_list) {
		seq_printf(m, "%5d %c %-6s ", p->pid, task_state_letter(p),
			   p->flags & (PF_APP | PF_USER) ? "app" : "kernel");
		seq_printf(m, "%7llu.%03llu %s\n", (ull)(p->runtime_ns / NSEC_PER_SEC),
			   (ull)(p->runtime_ns % NSEC_PER_SEC / NSEC_PER_MSEC), p->comm);
	}
	return 0;
}

static int show_kmsg(struct seq_file *m)
{
	char *log = kmalloc(LOG_RING_SIZE + 1, GFP_KERNEL);

	if (!log)
		return -ENOMEM;
	log[kmsg_copy(log, LOG_RING_SIZE)] = '\0';
	seq_puts(m, log);
	kfree(log);
	return 0;
}

/*
 * Makes /proc/console, which Linux does not have: prints the number of bytes of console text that
 * were lost, and how often a byte waited for room without success.
 */
static int show_console(struct seq_file *m)
{
	struct console_stats stats = console_stats();

	seq_printf(m, "lost %llu\nwaits %llu\n", (ull)stats.lost, (ull)stats.waits);
	return 0;
}

void proc_kernel_init(void)
{
	static const struct proc_entry entries[] = {
		{"interrupts", show_interrupts},
		{"softirqs", show_softirqs},
		{"slabinfo", show_slabinfo},
		{"meminfo", show_meminfo},
		{"uptime", show_uptime},
		{"threads", show_threads},
		{"kmsg", show_kmsg},
		{"console", show_console},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
