/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc about the program's threads, and about the machine: /proc/self/task,
 * /proc/loadavg, /proc/sys/kernel, /proc/sys/vm, /proc/sys/fs.
 *
 * show functions <- open(), write functions <- write(); next_task() <- lookups and listings in
 * /proc/self/task, with tree_mutex held. Process context. The list of threads changes in process
 * context only, so a loop that does not sleep needs no lock. Compare proc(5) and Linux's
 * fs/proc/array.c and base.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/process/sys.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"

typedef unsigned long long ull;

#define USER_HZ  100
#define SIG_IGN  1
#define PID_LAST 4194304 /* Linux's largest pid_max */

/* ---- threads -------------------------------------------------------------------------------- */

/* Returns the thread of a file in /proc/self/task, or NULL if the thread has ended. */
static const struct task_struct *task_of(const struct seq_file *m)
{
	return process_thread((int)m->number);
}

static s64 next_task(u32 from)
{
	const struct task_struct *p;
	s64 least = -1;

	list_for_each_entry(p, &process.threads, sig.threads) {
		if (p->pid >= (s64)from && (least < 0 || p->pid < least))
			least = p->pid;
	}
	return least;
}

static int show_comm(struct seq_file *m)
{
	const struct task_struct *p = m->number ? task_of(m) : process.first;

	if (!p)
		return -ESRCH;
	seq_printf(m, "%s\n", p->comm);
	return 0;
}

/* /proc/self/comm is the name of the first thread. */
static int write_comm(char *text)
{
	if (!process.first)
		return -ESRCH;
	strscpy(process.first->comm, text, sizeof(process.first->comm));
	return 0;
}

static u64 actions(bool ignored)
{
	u64 set = 0;

	for (int sig = 1; sig <= NSIG; sig++) {
		u64 handler = process.action[sig - 1].handler;

		if (ignored ? handler == SIG_IGN : handler > SIG_IGN)
			set |= sigmask(sig);
	}
	return set;
}

void proc_show_signals(struct seq_file *m, const struct task_struct *p)
{
	seq_printf(m, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n", (ull)p->sig.pending.signal,
		   (ull)process.shared.signal);
	seq_printf(m, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", (ull)p->sig.blocked,
		   (ull)actions(true), (ull)actions(false));
}

static unsigned int count_tasks(void)
{
	const struct task_struct *p;
	unsigned int n = 0;

	list_for_each_entry(p, &process.threads, sig.threads)
		n++;
	return n;
}

static int show_task_status(struct seq_file *m)
{
	const struct task_struct *p = task_of(m);

	if (!p)
		return -ESRCH;
	seq_printf(m, "Name:\t%s\nState:\t%c\nTgid:\t%d\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n",
		   p->comm, task_state_letter(p), PROCESS_PID, p->pid);
	seq_printf(m, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t%u\n", count_tasks());
	proc_show_signals(m, p);
	seq_puts(m, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
	return 0;
}

/* Fields of which this kernel keeps no count, or that can have only one value here, are 0. */
static int show_task_stat(struct seq_file *m)
{
	const struct task_struct *p = task_of(m);

	if (!p)
		return -ESRCH;
	seq_printf(m, "%d (%s) %c 0 %d %d 0 -1 4194304 0 0 0 0 %llu 0 0 0 %d %d %u 0 0", p->pid,
		   p->comm, task_state_letter(p), PROCESS_PID, PROCESS_PID,
		   (ull)(thread_runtime(p) / (NSEC_PER_SEC / USER_HZ)), 20 + p->nice, p->nice,
		   count_tasks());
	for (unsigned int field = 23; field <= 52; field++)
		seq_puts(m, field == 38 ? " 17" : " 0");
	seq_putc(m, '\n');
	return 0;
}

/* ---- the machine ---------------------------------------------------------------------------- */

/*
 * The averages are always 0, because nothing samples the run queue: that would need a periodic
 * interrupt.
 */
static int show_loadavg(struct seq_file *m)
{
	const struct task_struct *p;
	unsigned int running = 0;
	int last = 0;

	list_for_each_entry(p, all_threads(), all_list) {
		running += p->state == TASK_RUNNING;
		last = max(last, p->pid);
	}
	seq_printf(m, "0.00 0.00 0.00 %u/%u %d\n", running, nr_threads, last);
	return 0;
}

static int show_hostname(struct seq_file *m)
{
	seq_printf(m, "%s\n", nodename);
	return 0;
}

static int write_hostname(char *text)
{
	if (strlen(text) > NODENAME_MAX)
		return -EINVAL;
	strscpy(nodename, text, sizeof(nodename));
	return 0;
}

static int show_ostype(struct seq_file *m)
{
	seq_puts(m, "Linux\n");
	return 0;
}

static int show_osrelease(struct seq_file *m)
{
	seq_puts(m, OS_RELEASE "\n");
	return 0;
}

static int show_osversion(struct seq_file *m)
{
	seq_puts(m, OS_VERSION "\n");
	return 0;
}

static int show_pid_max(struct seq_file *m)
{
	seq_printf(m, "%d\n", PID_LAST);
	return 0;
}

static int show_threads_max(struct seq_file *m)
{
	seq_printf(m, "%d\n", THREADS_MAX);
	return 0;
}

static int show_ngroups_max(struct seq_file *m)
{
	seq_printf(m, "%d\n", GROUPS_MAX);
	return 0;
}

static int show_file_max(struct seq_file *m)
{
	seq_printf(m, "%d\n", FILES_MAX);
	return 0;
}

static int show_nr_open(struct seq_file *m)
{
	seq_printf(m, "%d\n", NR_OPEN_MAX);
	return 0;
}

/*
 * The value 1 means, as on Linux, that mmap() does not reserve pages. A program that touches more
 * pages than are free is killed.
 */
static int show_overcommit(struct seq_file *m)
{
	seq_puts(m, "1\n");
	return 0;
}

/* ---- random numbers ------------------------------------------------------------------------- */

/* A random UUID (RFC 9562, section 5.4: version 4). */
static void make_uuid(u8 uuid[16])
{
	get_random_bytes(uuid, 16);
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static void print_uuid(struct seq_file *m, const u8 uuid[16])
{
	for (unsigned int i = 0; i < 16; i++)
		seq_printf(m, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	seq_putc(m, '\n');
}

static int show_uuid(struct seq_file *m)
{
	u8 uuid[16];

	make_uuid(uuid);
	print_uuid(m, uuid);
	return 0;
}

static int show_boot_id(struct seq_file *m)
{
	static u8 boot_id[16];

	if (!boot_id[6]) /* not made yet: this byte has the UUID's version, which is never 0 */
		make_uuid(boot_id);
	print_uuid(m, boot_id);
	return 0;
}

/* The number of bits that Linux shows since 5.18, where the generator is either seeded completely or not at all. */
static int show_entropy(struct seq_file *m)
{
	seq_puts(m, "256\n");
	return 0;
}

void proc_task_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "self/comm", .show = show_comm, .write = write_comm},
		{.path = "self/task/#/comm", .show = show_comm, .next = next_task},
		{.path = "self/task/#/status", .show = show_task_status, .next = next_task},
		{.path = "self/task/#/stat", .show = show_task_stat, .next = next_task},
		{.path = "loadavg", .show = show_loadavg},
		{.path = "sys/kernel/hostname", .show = show_hostname, .write = write_hostname},
		{.path = "sys/kernel/ostype", .show = show_ostype},
		{.path = "sys/kernel/osrelease", .show = show_osrelease},
		{.path = "sys/kernel/version", .show = show_osversion},
		{.path = "sys/kernel/pid_max", .show = show_pid_max},
		{.path = "sys/kernel/threads-max", .show = show_threads_max},
		{.path = "sys/kernel/ngroups_max", .show = show_ngroups_max},
		{.path = "sys/kernel/random/uuid", .show = show_uuid},
		{.path = "sys/kernel/random/boot_id", .show = show_boot_id},
		{.path = "sys/kernel/random/entropy_avail", .show = show_entropy},
		{.path = "sys/kernel/random/poolsize", .show = show_entropy},
		{.path = "sys/vm/overcommit_memory", .show = show_overcommit},
		{.path = "sys/fs/file-max", .show = show_file_max},
		{.path = "sys/fs/nr_open", .show = show_nr_open},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
