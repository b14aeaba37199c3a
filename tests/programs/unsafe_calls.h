/* SPDX-License-Identifier: MIT */
/*
 * System calls that no caller may play with wild arguments: they end, stop, replace or duplicate the program, or
 * change a state on which its later calls depend (signals, identity, limits, clocks, namespaces).  Programs that
 * play all other calls: fuzz.c, hostile/calls.c.
 */
#ifndef UNSAFE_CALLS_H
#define UNSAFE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

/* Calls for which the headers of Debian 12 have no names. */
#define CALL_URETPROBE 335
#define CALL_UPROBE    336

static const short unsafe_calls[] = {
	/* These calls end, stop, replace or duplicate the program. */
	CALL_URETPROBE, CALL_UPROBE, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_pause,
	SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_execve, SYS_execveat, SYS_kill, SYS_tkill,
	SYS_tgkill, SYS_reboot, SYS_wait4, SYS_waitid, SYS_ptrace, SYS_seccomp, SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait, SYS_restart_syscall, SYS_vhangup,
	/* These calls change signals, thread pointers, memory or limits that the program needs. */
	SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack, SYS_alarm, SYS_setitimer,
	SYS_arch_prctl, SYS_prctl, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_brk,
	SYS_remap_file_pages, SYS_pkey_mprotect, SYS_userfaultfd, SYS_setrlimit, SYS_prlimit64,
	SYS_personality, SYS_close_range,
	/* These calls change the program's user or group, its namespaces and root directory, or its priority. */
	SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setreuid, SYS_setregid,
	SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_setsid, SYS_setpgid, SYS_unshare,
	SYS_setns, SYS_chroot, SYS_pivot_root, SYS_landlock_restrict_self, SYS_setpriority,
	SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_ioprio_set,
	/* These calls change the system, or objects that outlive the program. */
	SYS_mount, SYS_umount2, SYS_sync, SYS_sethostname, SYS_setdomainname, SYS_swapon,
	SYS_swapoff, SYS_acct, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
	SYS_iopl, SYS_ioperm, SYS_kexec_load, SYS_init_module, SYS_delete_module, SYS_finit_module,
	SYS_syslog, SYS_io_uring_setup, SYS_bpf, SYS_perf_event_open, SYS_msgget, SYS_msgrcv,
	SYS_msgsnd, SYS_semop, SYS_semtimedop, SYS_semget, SYS_shmget};

static inline bool is_in(const short *list, size_t n, long nr)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return true;
	return false;
}

#define IS_IN(list, nr) is_in(list, sizeof(list) / sizeof((list)[0]), nr)

#endif
