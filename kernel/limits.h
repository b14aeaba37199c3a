/* SPDX-License-Identifier: MIT */
/*
 * The limits of what is in kernel/ itself: CPUs, interrupts, system calls, the log, the command
 * line, the sysctls, the end. The other limits are in the limits.h of the folder that owns
 * them. Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

/* ---- CPUs, interrupts, system calls ---- */
/* CPUs: the length of each array of per-CPU data. The kernel starts one. */
#define NR_CPUS 1
/*
 * interrupts: request_irq() fails with -ENOSPC. NETDEV_MAX cards with an interrupt for each
 * queue fit.
 */
#define NR_IRQS 64
/* system calls: a larger number fails with -ENOSYS. Linux's numbers, and ours from 1000 on. */
#define NR_SYSCALLS 1040

/* ---- the log ---- */
/* bytes: of the log; the oldest lines are overwritten. About 250 lines fit. */
#define LOG_RING_SIZE 16384
/* bytes: of a line; the rest is cut. The line is formatted on a stack of THREAD_STACK_SIZE. */
#define LOG_LINE_MAX 256
/*
 * lines: of one kind that a device can cause, in LOG_BURST_MS; more are withheld and counted.
 * Linux's printk_ratelimit_burst.
 */
#define LOG_BURST_LINES 10
/* ms: the interval of LOG_BURST_LINES. Linux's printk_ratelimit. */
#define LOG_BURST_MS 5000
/*
 * polls: of a full serial port, 10 to 40 ms; then a byte is lost, and the following ones until
 * there is room. At 115200 baud a full FIFO drains in 1.4 ms.
 */
#define CONSOLE_POLLS_MAX 20000
/*
 * polls: of a full serial port during a panic, 2 to 8 s; then bytes without room are lost. A
 * slow terminal gets the text of a panic, and a dead one does not keep the machine from ending.
 */
#define CONSOLE_PANIC_POLLS_MAX 4000000

/* ---- the command line and sysctls ---- */
/* options: that the command line knows. More are a bug of ours, and a panic at boot. */
#define CMDLINE_PARAMS_MAX 32
/*
 * bytes: of one option with its NUL. A longer one is reported and ignored; virtio_mmio.device=
 * and ip= with all fields fit.
 */
#define CMDLINE_WORD_MAX 256
/* tables: of sysctls. More are a bug of ours, and a panic at boot. */
#define SYSCTL_TABLES_MAX 8
/* numbers: of one sysctl. tcp_rmem, tcp_wmem and tcp_mem have three. */
#define SYSCTL_VALUES_MAX 3
/* bytes: of a sysctl's name as it is printed. The longest fits. */
#define SYSCTL_NAME_MAX 64
/*
 * bytes: of a sysctl's value as text, with NUL; a longer one fails with -EINVAL. Three numbers
 * of ten digits fit.
 */
#define SYSCTL_TEXT_MAX 128
/* boolean: every sysctl that is off or on. */
#define SWITCH_RANGE 0, 1

/* ---- the end ---- */
/*
 * ms: for each stage of an orderly shutdown; then peers are reset and frames are lost. A lost
 * FIN is retransmitted twice within it.
 */
#define SHUTDOWN_STAGE_MS 1000

#endif
