/* SPDX-License-Identifier: MIT */
/* Small system calls: limits, names, scheduling, prctl(), random numbers. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define NOWHERE ((void *)8)

static void check_limits(void)
{
	struct rlimit old, wrong = {10, 5}, few;

	for (int i = 0; i < 16; i++)
		IS(getrlimit(i, &old), 0);
	FAILS(syscall(SYS_getrlimit, 16, &old), EINVAL);
	FAILS(syscall(SYS_getrlimit, 0, NOWHERE), EFAULT);
	FAILS(syscall(SYS_setrlimit, 0, NOWHERE), EFAULT);
	FAILS(syscall(SYS_setrlimit, 0, &wrong), EINVAL);
	FAILS(syscall(SYS_setrlimit, 16, &old), EINVAL);
	FAILS(syscall(SYS_prlimit64, 0, 16, NULL, &old), EINVAL);
	FAILS(syscall(SYS_prlimit64, 0x3ffffff, 0, NULL, &old), ESRCH);
	FAILS(syscall(SYS_prlimit64, 0, 0, NULL, NOWHERE), EFAULT);
	IS(getrlimit(RLIMIT_STACK, &old), 0);
	TRUE(old.rlim_cur == 8 << 20);
	IS(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){6, old.rlim_max};
	IS(setrlimit(RLIMIT_NOFILE, &few), 0);
	FAILS(dup2(0, 6), EBADF);
	while (dup(0) >= 0)
		;
	FAILS(dup(0), EMFILE);
	IS(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (int i = 3; i < 6; i++)
		close(i);
}

static void check_names(void)
{
	struct utsname name;
	char longest[65];

	memset(longest, 'x', sizeof(longest));
	IS(uname(&name), 0);
	IS(strcmp(name.sysname, "Linux"), 0);
	IS(strcmp(name.machine, "x86_64"), 0);
	TRUE(name.release[0] >= '4' && name.release[1] == '.');
	FAILS(syscall(SYS_uname, NOWHERE), EFAULT);
	FAILS(syscall(SYS_sethostname, longest, 65), EINVAL);
	FAILS(syscall(SYS_sethostname, longest, -1), EINVAL);
	FAILS(syscall(SYS_sethostname, NOWHERE, 3), EFAULT);
}

static void check_scheduling(void)
{
	struct sched_param param = {0}, five = {.sched_priority = 5};
	unsigned int cpu = 999, node = 999;
	uint64_t cpus[16] = {0}, none = 0;

	TRUE(syscall(SYS_sched_getaffinity, 0, sizeof(cpus), cpus) >= 8);
	TRUE(cpus[0] & 1);
	FAILS(syscall(SYS_sched_getaffinity, 0, 9, cpus), EINVAL);
	FAILS(syscall(SYS_sched_getaffinity, 0x3ffffff, 128, cpus), ESRCH);
	FAILS(syscall(SYS_sched_getaffinity, 0, 128, NOWHERE), EFAULT);
	FAILS(syscall(SYS_sched_setaffinity, 0, 8, &none), EINVAL);
	FAILS(syscall(SYS_sched_setaffinity, 0, 8, NOWHERE), EFAULT);
	FAILS(syscall(SYS_sched_setaffinity, 0x3ffffff, 8, cpus), ESRCH);
	IS(syscall(SYS_sched_setaffinity, 0, 8, cpus), 0);
	IS(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
	TRUE(cpu < 999 && node < 999);
	FAILS(syscall(SYS_getcpu, NOWHERE, NULL, NULL), EFAULT);
	IS(sched_getscheduler(0), SCHED_OTHER);
	FAILS(sched_getscheduler(-1), EINVAL);
	FAILS(sched_getscheduler(0x3ffffff), ESRCH);
	FAILS(sched_setscheduler(0, SCHED_OTHER, &five), EINVAL);
	FAILS(sched_setscheduler(0, SCHED_FIFO, &param), EINVAL);
	FAILS(sched_setscheduler(0, 77, &param), EINVAL);
	FAILS(sched_setscheduler(0, SCHED_OTHER, NULL), EINVAL);
	FAILS(sched_setscheduler(0, SCHED_OTHER, NOWHERE), EFAULT);
	IS(sched_setscheduler(0, SCHED_BATCH, &param), 0);
	IS(sched_getscheduler(0), SCHED_BATCH);
	IS(sched_setscheduler(0, SCHED_OTHER, &param), 0);
	IS(sched_getparam(0, &param), 0);
	IS(param.sched_priority, 0);
	FAILS(sched_getparam(0, NULL), EINVAL);
	IS(sched_get_priority_max(SCHED_FIFO), 99);
	IS(sched_get_priority_min(SCHED_RR), 1);
	IS(sched_get_priority_max(SCHED_OTHER), 0);
	FAILS(sched_get_priority_max(77), EINVAL);
	IS(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
	FAILS(setpriority(3, 0, 0), EINVAL);
	FAILS(setpriority(PRIO_PROCESS, 0x3ffffff, 0), ESRCH);
	FAILS(syscall(SYS_getpriority, PRIO_PROCESS, 0x3ffffff), ESRCH);
	IS(setpriority(PRIO_PROCESS, 0, 100), 0);
	IS(syscall(SYS_getpriority, PRIO_PROCESS, 0), 1);
}

static void check_prctl(void)
{
	char name[16] = "";
	int value = -1;

	IS(prctl(PR_SET_NAME, "a name that is too long"), 0);
	IS(prctl(PR_GET_NAME, name), 0);
	IS(strcmp(name, "a name that is "), 0);
	FAILS(prctl(PR_SET_NAME, NOWHERE), EFAULT);
	FAILS(prctl(PR_GET_NAME, NOWHERE), EFAULT);
	FAILS(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	IS(prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
	IS(prctl(PR_GET_PDEATHSIG, &value), 0);
	IS(value, SIGTERM);
	IS(prctl(PR_SET_PDEATHSIG, 0), 0);
	FAILS(prctl(PR_SET_DUMPABLE, 3), EINVAL);
	IS(prctl(PR_SET_DUMPABLE, 0), 0);
	IS(prctl(PR_GET_DUMPABLE), 0);
	IS(prctl(PR_SET_DUMPABLE, 1), 0);
	IS(prctl(PR_GET_DUMPABLE), 1);
	FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	FAILS(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	IS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	IS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	FAILS(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	IS(prctl(PR_CAPBSET_READ, 0), 1);
	FAILS(prctl(PR_CAPBSET_READ, 64), EINVAL);
	FAILS(prctl(99999), EINVAL);
}

static void check_random(void)
{
	char a[64] = {0}, b[64] = {0};

	IS(getrandom(a, sizeof(a), 0), 64);
	IS(getrandom(b, sizeof(b), GRND_NONBLOCK), 64);
	TRUE(memcmp(a, b, 64) != 0);
	IS(getrandom(a, 0, 0), 0);
	FAILS(getrandom(a, 8, 8), EINVAL);
	FAILS(getrandom(a, 8, GRND_RANDOM | GRND_INSECURE), EINVAL);
	FAILS(syscall(SYS_getrandom, NOWHERE, 8, 0), EFAULT);
}

static void check_machine(void)
{
	struct sysinfo info;
	siginfo_t siginfo;

	memset(&info, 0xff, sizeof(info));
	IS(sysinfo(&info), 0);
	TRUE(info.uptime >= 0 && info.totalram > info.freeram && info.procs > 0);
	TRUE(info.mem_unit >= 1);
	FAILS(syscall(SYS_sysinfo, NOWHERE), EFAULT);
	TRUE(getpgid(0) == getpgrp());
	FAILS(getpgid(0x3ffffff), ESRCH);
	FAILS(getsid(0x3ffffff), ESRCH);
	FAILS(setpgid(0, -1), EINVAL);
	FAILS(wait4(-1, NULL, WNOHANG, NULL), ECHILD);
	FAILS(wait4(-1, NULL, 0x100, NULL), EINVAL);
	FAILS(waitid(P_ALL, 0, &siginfo, WEXITED), ECHILD);
	FAILS(waitid(P_ALL, 0, &siginfo, 0), EINVAL);
	IS(syscall(SYS_personality, 0xffffffff), 0);
	FAILS(syscall(1039), ENOSYS);
}

/* Returns the text of a file, which the next call overwrites; "" if it cannot be read. */
static char *text_of(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	close(fd);
	return text;
}

static bool has(const char *path, const char *text)
{
	return strstr(text_of(path), text) != NULL;
}

static void check_proc(void)
{
	char path[64], line[64];
	sigset_t one;
	int n;

	prctl(PR_SET_NAME, "checks");
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
	IS(strcmp(text_of(path), "checks\n"), 0);
	IS(strcmp(text_of("/proc/self/comm"), "checks\n"), 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", gettid());
	snprintf(line, sizeof(line), "\nPid:\t%d\n", gettid());
	TRUE(has(path, "Name:\tchecks\n") && has(path, line));
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	TRUE(has(path, "\nSigBlk:\t0000000000000200\n"));
	TRUE(has("/proc/self/status", "\nSigBlk:\t0000000000000200\n"));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", gettid());
	snprintf(line, sizeof(line), "%d (checks) R ", gettid());
	IS(strncmp(text_of(path), line, strlen(line)), 0);
	n = 0;
	for (char *c = text_of(path); *c; c++)
		n += *c == ' ';
	IS(n, 51);
	FAILS(open("/proc/self/task/99999999/comm", O_RDONLY), ENOENT);
	IS(strcmp(text_of("/proc/sys/kernel/ostype"), "Linux\n"), 0);
	TRUE(strlen(text_of("/proc/sys/kernel/hostname")) > 1);
	TRUE(atoi(text_of("/proc/sys/kernel/osrelease")) >= 4);
	TRUE(atoi(text_of("/proc/sys/kernel/pid_max")) >= 32768);
	TRUE(atoi(text_of("/proc/sys/kernel/threads-max")) > 100);
	TRUE(atol(text_of("/proc/sys/fs/file-max")) > 1000);
	IS(strlen(text_of("/proc/sys/kernel/random/uuid")), 37);
	IS(text_of("/proc/sys/kernel/random/uuid")[14], '4');
	IS(strlen(text_of("/proc/sys/kernel/random/boot_id")), 37);
	IS(sscanf(text_of("/proc/loadavg"), "%*f %*f %*f %d/%d", &n, &n), 2);
}

void check_process(void)
{
	check_proc();
	check_limits();
	check_names();
	check_prctl();
	check_random();
	check_machine();
	check_scheduling();
}
