/* SPDX-License-Identifier: MIT */
/*
 * Tests of small system calls of a program: ids, limits, names, scheduling, prctl().  Each call's errors and
 * values are those of Linux for root in its own PID namespace, where the program is process 1.
 */
#include "include/uapi/fcntl.h"
#include "include/uapi/prctl.h"
#include "include/uapi/resource.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/process/limits.h"
#include "tests/kernel/program.h"

const bool cases_are_programs = true;

static void users_and_groups(void)
{
	u32 list[GROUPS_MAX + 1] = {5, 6}, a, b, c;

	CHECK_IS(CALL0(__NR_getuid), 0);
	CHECK_IS(CALL0(__NR_getppid), 0);
	CHECK_IS(CALL2(__NR_getgroups, 0, NULL), 0);
	CHECK_IS(CALL2(__NR_setgroups, 2, list), 0);
	CHECK_IS(CALL2(__NR_getgroups, 1, list), -EINVAL);
	CHECK_IS(CALL2(__NR_getgroups, 2, list + 2), 2);
	CHECK(list[2] == 5 && list[3] == 6);
	CHECK_IS(CALL2(__NR_setgroups, GROUPS_MAX + 1, list), -EINVAL); /* LIMIT(GROUPS_MAX) */
	CHECK_IS(CALL2(__NR_setgroups, GROUPS_MAX, list), 0);
	CHECK_IS(CALL2(__NR_setgroups, 1, NOWHERE), -EFAULT);
	CHECK_IS(CALL1(__NR_setgid, 33), 0);
	CHECK_IS(CALL3(__NR_setresuid, -1, 33, -1), 0);
	CHECK_IS(CALL3(__NR_getresuid, &a, &b, &c), 0);
	CHECK(a == 0 && b == 33 && c == 0);
	CHECK_IS(CALL1(__NR_setuid, 44), -EPERM);
	CHECK_IS(CALL1(__NR_setuid, 0), 0); /* permitted: the real and the saved user ID are 0 */
	CHECK_IS(CALL0(__NR_geteuid), 0);
	CHECK_IS(CALL3(__NR_setresuid, -1, 33, 44), 0);
	CHECK_IS(CALL2(__NR_setreuid, 44, -1), -EPERM);
	CHECK_IS(CALL2(__NR_setreuid, -1, 44), 0);
	CHECK_IS(CALL1(__NR_setuid, 0), 0); /* permitted: the real user ID is 0 */
	CHECK_IS(CALL1(__NR_setuid, 33), 0);
	CHECK_IS(CALL1(__NR_setuid, 0), -EPERM);
	CHECK_IS(CALL1(__NR_setuid, -1), -EINVAL);
	CHECK_IS(CALL2(__NR_setgroups, 0, NULL), -EPERM);
	CHECK_IS(CALL2(__NR_setreuid, -1, 33), 0);
	CHECK_IS(CALL0(__NR_getegid), 33);
}

static void sessions_and_children(void)
{
	CHECK_IS(CALL1(__NR_getpgid, 0), 1);
	CHECK_IS(CALL1(__NR_getpgid, 7), -ESRCH);
	CHECK_IS(CALL0(__NR_getpgrp), 1);
	CHECK_IS(CALL1(__NR_getsid, 0), 1);
	CHECK_IS(CALL0(__NR_setsid), -EPERM);
	CHECK_IS(CALL2(__NR_setpgid, 0, -1), -EINVAL);
	CHECK_IS(CALL2(__NR_setpgid, 7, 0), -ESRCH);
	CHECK_IS(CALL2(__NR_setpgid, 0, 0), -EPERM);
	CHECK_IS(CALL4(__NR_wait4, -1, NULL, 1, NULL), -ECHILD);
	CHECK_IS(CALL4(__NR_wait4, -1, NULL, 0x100, NULL), -EINVAL);
}

static void resource_limits(void)
{
	struct rlimit64 old, new = {5, 10}, wrong = {10, 5}, more = {5, NR_OPEN_MAX + 1};
	int fds[2];

	CHECK_IS(CALL4(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &old), 0);
	CHECK(old.rlim_cur == NR_OPEN_MAX && old.rlim_max == NR_OPEN_MAX);
	CHECK_IS(CALL2(__NR_getrlimit, RLIMIT_STACK, &old), 0);
	CHECK(old.rlim_cur == 8 << 20 && old.rlim_max == RLIM_INFINITY);
	CHECK_IS(CALL2(__NR_getrlimit, 16, &old), -EINVAL);
	CHECK_IS(CALL2(__NR_getrlimit, 0, NOWHERE), -EFAULT);
	CHECK_IS(CALL4(__NR_prlimit64, 77, RLIMIT_NOFILE, NULL, &old), -ESRCH);
	CHECK_IS(CALL4(__NR_prlimit64, 1, 16, NULL, &old), -EINVAL);
	CHECK_IS(CALL2(__NR_setrlimit, RLIMIT_NOFILE, &wrong), -EINVAL);
	CHECK_IS(CALL2(__NR_setrlimit, RLIMIT_NOFILE, &more), -EPERM);
	CHECK_IS(CALL2(__NR_setrlimit, RLIMIT_NOFILE, NOWHERE), -EFAULT);
	CHECK_IS(CALL2(__NR_setrlimit, RLIMIT_NOFILE, &new), 0);
	/* The limit is 5.  Descriptors 0, 1 and 2 are the console, and the pipe takes the last
	 * two. */
	CHECK_IS(CALL1(__NR_pipe, fds), 0);
	CHECK_IS(CALL1(__NR_dup, fds[0]), -EMFILE);
	CHECK_IS(CALL2(__NR_dup2, fds[0], 5), -EBADF);
	CHECK_IS(CALL3(__NR_fcntl, fds[0], F_DUPFD, 5), -EINVAL);
	CALL1(__NR_close, fds[0]);
	CALL1(__NR_close, fds[1]);
}

static void usage(void)
{
	struct rusage usage;

	memset(&usage, 0xff, sizeof(usage));
	CHECK_IS(CALL2(__NR_getrusage, RUSAGE_CHILDREN, &usage), 0);
	CHECK(usage.ru_utime.tv_sec == 0 && usage.ru_nivcsw == 0);
	CHECK_IS(CALL2(__NR_getrusage, RUSAGE_THREAD, &usage), 0);
	CHECK_IS(CALL2(__NR_getrusage, RUSAGE_SELF, NOWHERE), -EFAULT);
	CHECK_IS(CALL2(__NR_getrusage, 2, &usage), -EINVAL);
}

static void names(void)
{
	char uts[6][65], longest[65];

	memset(longest, 'x', sizeof(longest));
	CHECK_IS(CALL1(__NR_uname, uts), 0);
	CHECK(!strcmp(uts[0], "Linux") && !strcmp(uts[1], "softnet") && !strcmp(uts[4], "x86_64"));
	CHECK(uts[2][0] >= '4'); /* glibc refuses releases before 3.2 */
	CHECK_IS(CALL2(__NR_sethostname, "guest", 5), 0);
	CHECK_IS(CALL2(__NR_sethostname, longest, 65), -EINVAL);
	CHECK_IS(CALL2(__NR_sethostname, longest, -1), -EINVAL);
	CHECK_IS(CALL2(__NR_sethostname, NOWHERE, 3), -EFAULT);
	CHECK_IS(CALL2(__NR_setdomainname, "here", 4), 0);
	CHECK_IS(CALL1(__NR_uname, uts), 0);
	CHECK(!strcmp(uts[1], "guest") && !strcmp(uts[5], "here"));
	CHECK_IS(CALL2(__NR_sethostname, longest, 64), 0);
	CHECK_IS(CALL1(__NR_uname, NOWHERE), -EFAULT);
}

static void settings(void)
{
	char name[16] = "";
	int value = -1;

	CHECK_IS(CALL2(__NR_prctl, PR_SET_NAME, "a name that is too long"), 0);
	CHECK_IS(CALL2(__NR_prctl, PR_GET_NAME, name), 0);
	CHECK(!strcmp(name, "a name that is "));
	CHECK_IS(CALL2(__NR_prctl, PR_SET_NAME, NOWHERE), -EFAULT);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_PDEATHSIG, 65), -EINVAL);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_PDEATHSIG, SIGTERM), 0);
	CHECK_IS(CALL2(__NR_prctl, PR_GET_PDEATHSIG, &value), 0);
	CHECK_IS(value, SIGTERM);
	CHECK_IS(CALL1(__NR_prctl, PR_GET_DUMPABLE), 1);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_DUMPABLE, 3), -EINVAL);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_DUMPABLE, 0), 0);
	CHECK_IS(CALL1(__NR_prctl, PR_GET_DUMPABLE), 0);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_NO_NEW_PRIVS, 0), -EINVAL);
	CHECK_IS(CALL2(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1), 0);
	CHECK_IS(CALL1(__NR_prctl, PR_GET_NO_NEW_PRIVS), 1);
	CHECK_IS(CALL2(__NR_prctl, PR_CAPBSET_READ, 0), 1);
	CHECK_IS(CALL2(__NR_prctl, PR_CAPBSET_READ, 64), -EINVAL);
	CHECK_IS(CALL1(__NR_prctl, 9999), -EINVAL);
	CHECK_IS(CALL1(__NR_personality, 0xffffffff), 0);
	CHECK_IS(CALL1(__NR_personality, 0x40000), 0);
	CHECK_IS(CALL1(__NR_personality, 0xffffffff), 0x40000);
	CHECK(CALL2(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0) & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	CHECK_IS(CALL2(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), -EPERM);
	CHECK_IS(CALL2(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0), 0);
	CHECK_IS(CALL2(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), 0);
	CHECK_IS(CALL2(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 1), -EINVAL);
}

static void capabilities(void)
{
	struct {
		u32 version;
		s32 pid;
	} header = {0x20080522, 0};
	u32 data[6];

	CHECK_IS(CALL2(__NR_capget, &header, data), 0);
	CHECK(data[0] == 0xffffffff && data[1] == 0xffffffff && data[2] == 0 && data[3] == 0x1ff);
	CHECK_IS(CALL2(__NR_capset, &header, data), 0);
	header.pid = 77;
	CHECK_IS(CALL2(__NR_capget, &header, data), -ESRCH);
	header.version = 1;
	CHECK_IS(CALL2(__NR_capget, &header, NULL), 0);
	CHECK_IS(header.version, 0x20080522);
	header.version = 1;
	CHECK_IS(CALL2(__NR_capget, &header, data), -EINVAL);
	CHECK_IS(CALL2(__NR_capget, NOWHERE, data), -EFAULT);
}

static void scheduling(void)
{
	u64 cpus[2] = {~0UL, ~0UL}, others = 2;
	int priority = 5, zero = 0;
	unsigned int cpu = 9, node = 9;
	struct timespec slice;

	CHECK_IS(CALL3(__NR_sched_getaffinity, 0, 16, cpus), 8);
	CHECK(cpus[0] == 1 && cpus[1] == ~0UL);
	CHECK_IS(CALL3(__NR_sched_getaffinity, 0, 4, cpus), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_getaffinity, 0, 9, cpus), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_getaffinity, 77, 8, cpus), -ESRCH);
	CHECK_IS(CALL3(__NR_sched_getaffinity, 0, 8, NOWHERE), -EFAULT);
	CHECK_IS(CALL3(__NR_sched_setaffinity, 0, 8, cpus), 0);
	CHECK_IS(CALL3(__NR_sched_setaffinity, 0, 8, &others), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setaffinity, 0, 8, NOWHERE), -EFAULT);
	CHECK_IS(CALL3(__NR_sched_setaffinity, 77, 8, cpus), -ESRCH);
	CHECK_IS(CALL3(__NR_getcpu, &cpu, &node, NULL), 0);
	CHECK(cpu == 0 && node == 0);
	CHECK_IS(CALL3(__NR_getcpu, NULL, NOWHERE, NULL), -EFAULT);

	CHECK_IS(CALL1(__NR_sched_getscheduler, 0), 0);
	CHECK_IS(CALL1(__NR_sched_getscheduler, 77), -ESRCH);
	CHECK_IS(CALL1(__NR_sched_getscheduler, -1), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 1, &priority), 0);
	CHECK_IS(CALL1(__NR_sched_getscheduler, 0), 1);
	priority = 0;
	CHECK_IS(CALL2(__NR_sched_getparam, 0, &priority), 0);
	CHECK_IS(priority, 5);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 1, &zero), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 0, &priority), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 4, &zero), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 0, NULL), -EINVAL);
	CHECK_IS(CALL3(__NR_sched_setscheduler, 0, 0, &zero), 0);
	CHECK_IS(CALL2(__NR_sched_setparam, 0, &zero), 0);
	CHECK_IS(CALL1(__NR_sched_get_priority_max, 2), 99);
	CHECK_IS(CALL1(__NR_sched_get_priority_min, 2), 1);
	CHECK_IS(CALL1(__NR_sched_get_priority_max, 0), 0);
	CHECK_IS(CALL1(__NR_sched_get_priority_max, 4), -EINVAL);
	CHECK_IS(CALL2(__NR_sched_rr_get_interval, 0, &slice), 0);
	CHECK(slice.tv_sec == 0 && slice.tv_nsec > 0);

	CHECK_IS(CALL2(__NR_getpriority, 0, 0), 20);
	CHECK_IS(CALL3(__NR_setpriority, 0, 0, 100), 0);
	CHECK_IS(CALL2(__NR_getpriority, 0, 0), 1);
	CHECK_IS(CALL3(__NR_setpriority, 0, 0, -100), 0);
	CHECK_IS(CALL2(__NR_getpriority, 1, 0), 40);
	CHECK_IS(CALL2(__NR_getpriority, 3, 0), -EINVAL);
	CHECK_IS(CALL2(__NR_getpriority, 0, 77), -ESRCH);
}

static void machine(void)
{
	struct {
		long uptime;
		unsigned long loads[3], total, free;
		u8 rest[64];
	} info;
	char text[100];

	memset(&info, 0xff, sizeof(info));
	sleep_ms(1500);
	CHECK_IS(CALL1(__NR_sysinfo, &info), 0);
	CHECK(info.uptime == 2 && info.total > info.free && info.free > 0);
	CHECK_IS(CALL1(__NR_sysinfo, NOWHERE), -EFAULT);
	CHECK_IS(CALL3(__NR_syslog, 3, text, -1), -EINVAL);
	CHECK_IS(CALL3(__NR_syslog, 3, NULL, 1), -EINVAL);
	CHECK_IS(CALL3(__NR_syslog, 99, text, 1), -EINVAL);
	CHECK(CALL3(__NR_syslog, 10, NULL, 0) > 0);
	CHECK(CALL3(__NR_syslog, 3, text, sizeof(text)) >= 0);
	CHECK_IS(CALL3(__NR_getrandom, text, 8, 8), -EINVAL);
	CHECK_IS(CALL3(__NR_getrandom, text, 8, 6), -EINVAL);
	CHECK_IS(CALL3(__NR_getrandom, text, 8, 1), 8);
	CHECK_IS(CALL3(__NR_getrandom, NOWHERE, 8, 0), -EFAULT);
}

const struct test_case cases[] = {
	{"users_and_groups", users_and_groups, NULL, 0},
	{"sessions_and_children", sessions_and_children, NULL, 0},
	{"resource_limits", resource_limits, NULL, 0},
	{"usage", usage, NULL, 0},
	{"names", names, NULL, 0},
	{"settings", settings, NULL, 0},
	{"capabilities", capabilities, NULL, 0},
	{"scheduling", scheduling, NULL, 0},
	{"machine", machine, NULL, 0},
	{},
};
