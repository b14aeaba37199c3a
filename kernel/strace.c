/* SPDX-License-Identifier: MIT */
/*
 * The option strace=1, which logs each system call with its arguments and result, and the record of
 * calls that the kernel does not have.
 *
 * kernel_syscall() -> strace_enter(), strace_leave(), syscall_missing(), in process context, with no lock
 * held.  The counts are changed without a lock: no other thread runs meanwhile.  The output resembles
 * that of the program strace.
 */
#include "kernel/strace.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/cmdline.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define LINE_MAX    160
#define STRING_MAX  40 /* bytes of a string argument that are shown */
#define NR_ARGS     6
#define HEX_MINIMUM 0x10000 /* results from here on are shown as addresses, in hexadecimal */

bool strace_on;

/*
 * How often each number without a registered function was called. The last element counts all
 * numbers of NR_SYSCALLS and above.
 */
static u32 missing[NR_SYSCALLS + 1];

/*
 * The arguments of a call, one letter each: d a number, x a number in hexadecimal, p an address, s a
 * string.  A call without a row is shown with six arguments in hexadecimal.
 */
static const struct {
	u16 nr;
	char args[NR_ARGS + 1];
} kinds[] = {
	{__NR_read, "dpd"},
	{__NR_write, "dsd"},
	{__NR_open, "sxx"},
	{__NR_close, "d"},
	{__NR_stat, "sp"},
	{__NR_fstat, "dp"},
	{__NR_lstat, "sp"},
	{__NR_poll, "pdd"},
	{__NR_lseek, "ddd"},
	{__NR_mmap, "pdxxdx"},
	{__NR_mprotect, "pdx"},
	{__NR_munmap, "pd"},
	{__NR_brk, "p"},
	{__NR_rt_sigaction, "dppd"},
	{__NR_rt_sigprocmask, "dppd"},
	{__NR_rt_sigreturn, ""},
	{__NR_ioctl, "dxp"},
	{__NR_pread64, "dpdd"},
	{__NR_pwrite64, "dpdd"},
	{__NR_readv, "dpd"},
	{__NR_writev, "dpd"},
	{__NR_access, "sx"},
	{__NR_pipe, "p"},
	{__NR_sched_yield, ""},
	{__NR_madvise, "pdd"},
	{__NR_dup, "d"},
	{__NR_dup2, "dd"},
	{__NR_nanosleep, "pp"},
	{__NR_getpid, ""},
	{__NR_sendfile, "ddpd"},
	{__NR_socket, "ddd"},
	{__NR_connect, "dpd"},
	{__NR_accept, "dpp"},
	{__NR_sendto, "dpdxpd"},
	{__NR_recvfrom, "dpdxpp"},
	{__NR_sendmsg, "dpx"},
	{__NR_recvmsg, "dpx"},
	{__NR_shutdown, "dd"},
	{__NR_bind, "dpd"},
	{__NR_listen, "dd"},
	{__NR_getsockname, "dpp"},
	{__NR_getpeername, "dpp"},
	{__NR_setsockopt, "dddpd"},
	{__NR_getsockopt, "dddpp"},
	{__NR_clone, "xpppp"},
	{__NR_exit, "d"},
	{__NR_uname, "p"},
	{__NR_fcntl, "ddx"},
	{__NR_getcwd, "pd"},
	{__NR_mkdir, "sx"},
	{__NR_unlink, "s"},
	{__NR_readlink, "spd"},
	{__NR_gettid, ""},
	{__NR_futex, "pxdppx"},
	{__NR_arch_prctl, "xp"},
	{__NR_set_tid_address, "p"},
	{__NR_clock_gettime, "dp"},
	{__NR_exit_group, "d"},
	{__NR_epoll_wait, "dpdd"},
	{__NR_epoll_ctl, "dddp"},
	{__NR_tgkill, "ddd"},
	{__NR_openat, "dsxx"},
	{__NR_newfstatat, "dspx"},
	{__NR_set_robust_list, "pd"},
	{__NR_splice, "dpdpdx"},
	{__NR_tee, "dddx"},
	{__NR_vmsplice, "dpdx"},
	{__NR_accept4, "dppx"},
	{__NR_eventfd2, "dx"},
	{__NR_epoll_create1, "x"},
	{__NR_pipe2, "px"},
	{__NR_prlimit64, "ddpp"},
	{__NR_getrandom, "pdx"},
};

static const char *kinds_of(unsigned int nr)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].nr == nr)
			return kinds[i].args;
	return "xxxxxx";
}

/*
 * Appends a string of the program, at most @max bytes: the buffer of write(), for example, has no
 * NUL.
 */
static size_t put_string(char *line, size_t n, const char __user *string, size_t max)
{
	char text[STRING_MAX + 1] = "";
	size_t len = 0;

	max = min_t(size_t, max, STRING_MAX);
	while (len < max) {
		if (copy_from_user(&text[len], string + len, 1))
			return n + scnprintf(line + n, LINE_MAX - n, "%p", string);
		if (!text[len])
			break;
		if (text[len] < ' ' || text[len] > '~')
			text[len] = '.';
		len++;
	}
	text[len] = 0;
	return n +
	       scnprintf(line + n, LINE_MAX - n, "\"%s\"%s", text, len == STRING_MAX ? "..." : "");
}

/* Sign-extends a number whose upper half is 0, because a negative int is passed with zeros there. */
static long number(long arg)
{
	return (u64)arg >> 32 ? arg : (int)arg;
}

static void put_call(char *line, unsigned int nr, const char *name, const long *args)
{
	const char *kind = kinds_of(nr);
	size_t n = scnprintf(line, LINE_MAX, "%s(", name + strlen("sys_"));

	for (unsigned int i = 0; kind[i]; i++) {
		if (i)
			n += scnprintf(line + n, LINE_MAX - n, ", ");
		if (kind[i] == 'd')
			n += scnprintf(line + n, LINE_MAX - n, "%ld", number(args[i]));
		else if (kind[i] == 's')
			n = put_string(line, n, (const char *)args[i],
				       nr == __NR_write ? (size_t)args[2] : STRING_MAX);
		else
			n += scnprintf(line + n, LINE_MAX - n, "%#lx", args[i]);
	}
	scnprintf(line + n, LINE_MAX - n, ")");
}

void strace_enter(unsigned int nr, const char *name, const long *args)
{
	char line[LINE_MAX];

	/* These calls do not return, so log them when they begin. */
	if (nr != __NR_exit && nr != __NR_exit_group && nr != __NR_rt_sigreturn)
		return;
	put_call(line, nr, name, args);
	pr_notice("[%d] %s\n", current->pid, line);
}

void strace_leave(unsigned int nr, const char *name, const long *args, long result)
{
	char line[LINE_MAX];

	if (nr == __NR_rt_sigreturn)
		return;
	put_call(line, nr, name, args);
	if (result < 0 && result >= -MAX_ERRNO)
		pr_notice("[%d] %s = -1, errno %ld\n", current->pid, line, -result);
	else
		pr_notice(result < HEX_MINIMUM ? "[%d] %s = %ld\n" : "[%d] %s = %#lx\n",
			  current->pid, line, result);
}

void report_second_process(const char *call)
{
	static bool reported;

	if (reported)
		return;
	reported = true;
	pr_warn("'%s' calls %s: ENOSYS: this machine runs one process, and starts no other "
		"program\n",
		current->comm, call);
	pr_warn("  a server: run it in the foreground with threads (nginx: daemon off; "
		"master_process "
		"off;)\n");
	pr_warn("  a shell or a script: make its program the init= of the machine\n");
}

/* Reports each number once. */
long syscall_missing(long nr)
{
	u32 *count = &missing[nr < 0 || nr >= NR_SYSCALLS ? NR_SYSCALLS : nr];

	/* glibc tries rseq() at each start, and works without it. */
	if ((*count)++ || nr == __NR_rseq)
		return -ENOSYS;
	if (nr == __NR_fork || nr == __NR_vfork || nr == __NR_execve || nr == __NR_execveat)
		report_second_process(nr == __NR_fork    ? "fork"
				      : nr == __NR_vfork ? "vfork"
							 : "execve");
	else
		pr_info("system call %ld is missing: ENOSYS (/proc/syscalls counts)\n", nr);
	return -ENOSYS;
}

/* /proc/syscalls: the numbers that were called and are missing, with their counts. */
static int show_syscalls(struct seq_file *m)
{
	for (unsigned int nr = 0; nr < NR_SYSCALLS; nr++)
		if (missing[nr])
			seq_printf(m, "%u %u\n", nr, missing[nr]);
	if (missing[NR_SYSCALLS])
		seq_printf(m, "other %u\n", missing[NR_SYSCALLS]);
	return 0;
}

static int parse_strace(const char *value)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return -EINVAL;
	strace_on = value[0] == '1';
	return 0;
}

void strace_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "strace", .usage = "strace=0|1", .parse = parse_strace},
	};
	static const struct proc_entry entries[] = {{"syscalls", show_syscalls}};

	cmdline_register(params, ARRAY_SIZE(params));
	proc_register(entries, ARRAY_SIZE(entries));
}
