/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc about the machine that C libraries and servers read at their start.
 *
 * Their show functions <- open(), process context.  Fields that can have only one value here are
 * constants.  Compare proc(5) and Linux's fs/proc/stat.c, fs/proc_namespace.c and kernel/sysctl.c.
 */
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/process/process.h"
#include "kernel/process/sys.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

typedef unsigned long long ull;

#define USER_HZ 100

/*
 * No features are shown: programs only count the processors here, and ask the CPU itself for its
 * features.
 */
static int show_cpuinfo(struct seq_file *m)
{
	seq_puts(m, "processor\t: 0\nphysical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: "
		    "1\n\n");
	return 0;
}

/* The time of kernel threads, and of interrupts that arrive while the program does not run, counts as idle. */
static int show_stat(struct seq_file *m)
{
	u64 now = ktime_get_ns(), busy = process_runtime();
	u64 tick = NSEC_PER_SEC / USER_HZ, user = busy / tick, idle = (now - min(now, busy)) / tick;

	seq_printf(m, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\ncpu0 %llu 0 0 %llu 0 0 0 0 0 0\n", (ull)user,
		   (ull)idle, (ull)user, (ull)idle);
	seq_printf(m, "btime %llu\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n",
		   (ull)((ktime_get_real_ns() - now) / NSEC_PER_SEC));
	return 0;
}

static int show_mounts(struct seq_file *m)
{
	seq_puts(m, "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n");
	return 0;
}

static int show_mountinfo(struct seq_file *m)
{
	seq_puts(m, "1 0 0:1 / / rw - rootfs rootfs rw\n2 1 0:2 / /proc rw - proc proc rw\n");
	return 0;
}

static int show_filesystems(struct seq_file *m)
{
	seq_puts(m, "nodev\trootfs\nnodev\tproc\n");
	return 0;
}

static int show_cgroup(struct seq_file *m)
{
	seq_puts(m, "0::/\n");
	return 0;
}

static int show_oom_score(struct seq_file *m)
{
	seq_puts(m, "0\n");
	return 0;
}

/* Accepted without an effect: the program is the only one that a shortage of memory can end. */
static int write_oom_score(char *text)
{
	(void)text;
	return 0;
}

static int show_cap_last(struct seq_file *m)
{
	seq_printf(m, "%d\n", CAPABILITY_LAST);
	return 0;
}

static int show_pipe_max(struct seq_file *m)
{
	seq_printf(m, "%lu\n", PIPE_PAGES_MAX * PAGE_SIZE);
	return 0;
}

void proc_machine_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "cpuinfo", .show = show_cpuinfo},
		{.path = "stat", .show = show_stat},
		{.path = "mounts", .show = show_mounts},
		{.path = "filesystems", .show = show_filesystems},
		{.path = "self/mounts", .show = show_mounts},
		{.path = "self/mountinfo", .show = show_mountinfo},
		{.path = "self/cgroup", .show = show_cgroup},
		{.path = "self/oom_score_adj", .show = show_oom_score, .write = write_oom_score},
		{.path = "sys/kernel/cap_last_cap", .show = show_cap_last},
		{.path = "sys/fs/pipe-max-size", .show = show_pipe_max},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
