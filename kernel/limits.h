/* SPDX-License-Identifier: MIT */
/*
 * The limits of the files directly in kernel/: CPUs, interrupts, system calls, the log, the command
 * line, the sysctls, the shutdown. Other limits are in the limits.h of the folder whose code checks
 * them. Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

/* ---- CPUs, interrupts, system calls ---- */
/* CPUs: the length of each array of per-CPU data. The kernel starts only one CPU. */
#define NR_CPUS 1
/*
 * device interrupts: request_irq() of one more fails with -ENOSPC. NETDEV_MAX network cards with
 * one interrupt for each queue fit.
 */
#define NR_IRQS 64
/*
 * system call numbers: a larger number fails with -ENOSYS. Linux's numbers fit, and our own from
 * 1000 on.
 */
#define NR_SYSCALLS 1040

/* ---- the log ---- */
/* bytes of the log's ring: new lines overwrite the oldest. About 250 lines fit. */
#define LOG_RING_SIZE 16384
/*
 * bytes of one log line: the rest of a longer line is cut. The line is formatted on the stack,
 * which has THREAD_STACK_SIZE bytes.
 */
#define LOG_LINE_MAX 256
/*
 * log lines of one kind that a device can cause, within LOG_BURST_MS: further ones are only
 * counted. The value is Linux's printk_ratelimit_burst.
 */
#define LOG_BURST_LINES 10
/* ms: the interval of LOG_BURST_LINES. The value is Linux's printk_ratelimit. */
#define LOG_BURST_MS 5000
/*
 * polls of a full serial port: after them, that is after 10 to 40 ms, the byte is lost, and later
 * bytes too until the port has room. At 115200 baud a full FIFO drains in 1.4 ms.
 */
#define CONSOLE_POLLS_MAX 20000
/*
 * polls of a full serial port during a panic, for the whole text: after them, that is after 2 to 8
 * s, bytes without room are lost. A slow terminal gets the text, and a dead one does not keep the
 * machine from ending.
 */
#define CONSOLE_PANIC_POLLS_MAX 4000000

/* ---- the command line and sysctls ---- */
/* registered command-line options: one more is a bug of the kernel and panics at boot. */
#define CMDLINE_PARAMS_MAX 32
/*
 * bytes of one command-line option with its NUL: a longer one is reported and ignored.
 * virtio_mmio.device= and ip= with all fields fit.
 */
#define CMDLINE_WORD_MAX 256
/* registered tables of sysctls: one more is a bug of the kernel and panics at boot. */
#define SYSCTL_TABLES_MAX 8
/* numbers in the value of one sysctl: tcp_rmem, tcp_wmem and tcp_mem have three. */
#define SYSCTL_VALUES_MAX 3
/* bytes of a sysctl's name as it is printed: the longest name fits. */
#define SYSCTL_NAME_MAX 64
/*
 * bytes of a sysctl's value as text, with NUL: a longer text fails with -EINVAL. Three numbers of
 * ten digits fit.
 */
#define SYSCTL_TEXT_MAX 128
/* boolean: the range of every sysctl that is either off or on. */
#define SWITCH_RANGE 0, 1

/* ---- the shutdown ---- */
/*
 * ms for each stage of an orderly shutdown: after that, peers are reset and queued frames are lost.
 * The time is enough to retransmit a lost FIN twice.
 */
#define SHUTDOWN_STAGE_MS 1000
/*
 * ms from the first press of the power button, which sends SIGTERM, to the end of the machine: the
 * machine then ends even if the program has not ended. `docker stop` gives a container the same
 * time.
 */
#define PROGRAM_END_MS 10000

#endif
