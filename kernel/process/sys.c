/* SPDX-License-Identifier: MIT */
/*
 * Small system calls: names of the machine, sysinfo(), prctl(), personality(), the log, membarrier().
 *
 * Called through kernel_syscall() (process context).  Settings without an effect here are kept, so that
 * a program reads what it has set.  Compare Linux's kernel/sys.c.
 */
#include "kernel/process/sys.h"

#include "include/uapi/errno.h"
#include "include/uapi/prctl.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

char nodename[NODENAME_MAX + 1] = "softnet";
char domainname[NODENAME_MAX + 1] = "(none)";

/* ---- the names of the machine --------------------------------------------------------------- */

struct utsname {
	char sysname[65], node[65], release[65], version[65], machine[65], domain[65];
};

static long sys_uname(struct utsname __user *to)
{
	struct utsname k = {
		.sysname = "Linux",
		.release = OS_RELEASE,
		.version = OS_VERSION,
		.machine = "x86_64",
	};

	strscpy(k.node, nodename, sizeof(k.node));
	strscpy(k.domain, domainname, sizeof(k.domain));
	return copy_to_user(to, &k, sizeof(k)) ? -EFAULT : 0;
}

static long set_name(char *name, const char __user *from, int len)
{
	char k[NODENAME_MAX + 1] = "";

	if (len < 0 || len > NODENAME_MAX)
		return -EINVAL;
	if (copy_from_user(k, from, len))
		return -EFAULT;
	strscpy(name, k, NODENAME_MAX + 1);
	return 0;
}

static long sys_sethostname(const char __user *name, int len)
{
	return set_name(nodename, name, len);
}

static long sys_setdomainname(const char __user *name, int len)
{
	return set_name(domainname, name, len);
}

/* ---- the machine ---------------------------------------------------------------------------- */

struct sysinfo {
	s64 uptime;
	u64 loads[3]; /* in 1/65536ths */
	u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs;
	u64 totalhigh, freehigh;
	u32 mem_unit;
};

static long sys_sysinfo(struct sysinfo __user *to)
{
	struct sysinfo k;

	memset(&k, 0, sizeof(k)); /* clear also the gaps between the members */
	k.uptime = DIV_ROUND_UP(ktime_get_ns(), NSEC_PER_SEC);
	k.totalram = nr_total_pages() * PAGE_SIZE;
	k.freeram = nr_free_pages() * PAGE_SIZE;
	k.procs = nr_threads;
	k.mem_unit = 1;
	return copy_to_user(to, &k, sizeof(k)) ? -EFAULT : 0;
}

#define SYSLOG_READ_ALL    3
#define SYSLOG_SIZE_BUFFER 10

static long sys_syslog(int type, char __user *to, int len)
{
	char *text;
	long n;

	if (type == SYSLOG_SIZE_BUFFER)
		return LOG_RING_SIZE;
	if (type != SYSLOG_READ_ALL || !to || len < 0)
		return -EINVAL;
	len = min_t(int, len, LOG_RING_SIZE);
	text = kmalloc(LOG_RING_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = (long)kmsg_copy(text, len);
	if (copy_to_user(to, text, n))
		n = -EFAULT;
	kfree(text);
	return n;
}

/* ---- settings of the process ---------------------------------------------------------------- */

#define PERSONALITY_QUERY 0xffffffffu

static long sys_personality(u32 personality)
{
	static u32 now;
	u32 before = now;

	if (personality != PERSONALITY_QUERY)
		now = personality;
	return before;
}

static struct {
	int pdeathsig;
	bool dumpable, keepcaps, no_new_privs, thp_disabled;
	u64 timerslack;
} settings = {.dumpable = true, .timerslack = 50000};

static long set_comm(const char __user *from)
{
	char comm[TASK_COMM_LEN];
	ssize_t len = strncpy_from_user(comm, from, sizeof(comm));

	if (len == -EFAULT)
		return len;
	comm[sizeof(comm) - 1] = '\0';
	strscpy(current->comm, comm, sizeof(comm));
	return 0;
}

static long get_comm(char __user *to)
{
	char comm[TASK_COMM_LEN] = "";

	strscpy(comm, current->comm, sizeof(comm));
	return copy_to_user(to, comm, sizeof(comm)) ? -EFAULT : 0;
}

static long set_switch(bool *value, u64 to)
{
	if (to > 1)
		return -EINVAL;
	*value = to;
	return 0;
}

static long set_pdeathsig(u64 sig)
{
	if (sig > NSIG)
		return -EINVAL;
	settings.pdeathsig = (int)sig;
	return 0;
}

static long put_int(int value, int __user *to)
{
	return copy_to_user(to, &value, sizeof(value)) ? -EFAULT : 0;
}

/* Linux requires the arguments 1, 0, 0, 0, so that other values can get a meaning later. */
static long set_no_new_privs(u64 a, u64 b, u64 c, u64 d)
{
	if (a != 1 || b || c || d)
		return -EINVAL;
	settings.no_new_privs = true;
	return 0;
}

static long sys_prctl(int option, u64 a, u64 b, u64 c, u64 d)
{
	switch (option) {
	case PR_SET_NAME:
		return set_comm((const char *)a);
	case PR_GET_NAME:
		return get_comm((char *)a);
	case PR_SET_PDEATHSIG:
		return set_pdeathsig(a);
	case PR_GET_PDEATHSIG:
		return put_int(settings.pdeathsig, (int *)a);
	case PR_SET_DUMPABLE:
		return set_switch(&settings.dumpable, a);
	case PR_GET_DUMPABLE:
		return settings.dumpable;
	case PR_SET_KEEPCAPS:
		return set_switch(&settings.keepcaps, a);
	case PR_GET_KEEPCAPS:
		return settings.keepcaps;
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(a, b, c, d);
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : settings.no_new_privs;
	case PR_SET_TIMERSLACK:
		settings.timerslack = a ? a : 50000;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)settings.timerslack;
	case PR_SET_THP_DISABLE:
		settings.thp_disabled = a;
		return b || c || d ? -EINVAL : 0;
	case PR_GET_THP_DISABLE:
		return a || b || c || d ? -EINVAL : settings.thp_disabled;
	case PR_CAPBSET_READ:
		return a <= CAPABILITY_LAST ? 1 : -EINVAL;
	case PR_CAPBSET_DROP:
		return a <= CAPABILITY_LAST ? 0 : -EINVAL;
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
	case PR_SET_CHILD_SUBREAPER:
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(0, (int *)a);
	}
	return -EINVAL;
}

/*
 * No barrier is needed: with one CPU each thread sees the memory accesses of the others in order. The
 * program's compiler does not move accesses across the barrier, because the barrier is a call.
 */
static long sys_membarrier(int command, unsigned int flags)
{
	static bool registered;

	if (flags)
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
		       MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
		       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		registered = true;
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return registered ? 0 : -EPERM;
	}
	return -EINVAL;
}

void sys_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_uname, sys_uname),
		SYSCALL_DEF(__NR_sethostname, sys_sethostname),
		SYSCALL_DEF(__NR_setdomainname, sys_setdomainname),
		SYSCALL_DEF(__NR_sysinfo, sys_sysinfo),
		SYSCALL_DEF(__NR_syslog, sys_syslog),
		SYSCALL_DEF(__NR_personality, sys_personality),
		SYSCALL_DEF(__NR_prctl, sys_prctl),
		SYSCALL_DEF(__NR_membarrier, sys_membarrier),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
