/* SPDX-License-Identifier: MIT */
/*
 * The limits of what is in kernel/ itself: CPUs, interrupts, system calls, the log, the command
 * line, the sysctls, the end. The other limits are in the limits.h of the folder that owns
 * them.
 */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

/* ---- CPUs, interrupts, system calls ---- */
#define NR_CPUS     1    /* per-CPU data is indexed by it; a second CPU is not started */
#define NR_IRQS     64   /* request_irq: -ENOSPC */
#define NR_SYSCALLS 1040 /* Linux's numbers and ours from 1000 */

/* ---- the log ---- */
#define LOG_RING_SIZE   16384 /* bytes of kernel log kept; older ones are overwritten */
#define LOG_LINE_MAX    256   /* bytes of a line; more is cut */
#define LOG_BURST_LINES 10    /* of one kind that a device can cause, in ... (Linux) */
#define LOG_BURST_MS    5000  /* ... this time: more are withheld and counted */
#define CONSOLE_POLLS_MAX                                                                          \
	20000 /* of a full serial port, 10 to 40 ms: then a byte is lost, and those behind it, until \
		 there is room; at 115200 baud a full FIFO drains in 1.4 ms */
#define CONSOLE_PANIC_POLLS_MAX                                                                    \
	4000000 /* of a panic's text, 2 to 8 s: then bytes without room are lost */

/* ---- the command line and sysctls ---- */
#define CMDLINE_PARAMS_MAX 32   /* words that the command line knows: a bug of ours beyond */
#define CMDLINE_WORD_MAX   256  /* bytes of one with its NUL: a longer one is named, passed over */
#define SYSCTL_TABLES_MAX  8    /* tables of sysctls: a bug of ours beyond */
#define SYSCTL_VALUES_MAX  3    /* numbers of one sysctl: a bug of ours beyond */
#define SYSCTL_NAME_MAX    64   /* bytes of its name as it is printed */
#define SYSCTL_TEXT_MAX    128  /* bytes of its value as text, with NUL: -EINVAL */
#define SWITCH_RANGE       0, 1 /* of every sysctl that is off or on */

/* ---- the end ---- */
#define SHUTDOWN_STAGE_MS 1000 /* of an orderly shutdown: then peers are reset, frames lost */

#endif
