/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a shared object that the kernel maps into the program, so that reading the clock needs no
 * system call.
 *
 * Callers: C libraries and Go, which find it by AT_SYSINFO_EHDR and its symbols of the version
 * LINUX_2.6.  Its code runs in ring 3, as part of the program.  It is linked on its own (vdso.lds).
 * Of the kernel it can access only the page of struct vdso_data, which is mapped in front of it.  Its functions
 * return the time of hal_clock_ns().  Compare Linux's arch/x86/entry/vdso and
 * lib/vdso/gettimeofday.c.
 */
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/x86/vdso/data.h"

#define NSEC_PER_SEC  1000000000UL
#define NSEC_PER_USEC 1000UL

/* vdso.lds puts this symbol one page in front of the object. */
extern const volatile struct vdso_data vdso_data __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec *ts);
int __vdso_clock_getres(int clock, struct timespec *ts);
int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
long __vdso_time(long *to);
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static long system_call(long nr, long a, long b)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return result;
}

/* Returns the monotonic clock, and the time of day minus that clock in *@wall_offset. */
static u64 read_clock(u64 *wall_offset)
{
	u32 sequence, lo, hi;
	u64 ns;

	do {
		sequence = vdso_data.sequence;
		barrier();
		__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
		ns = (u64)((unsigned __int128)(((u64)hi << 32 | lo) - vdso_data.base_tsc) *
				   vdso_data.ns_per_tsc >>
			   32);
		*wall_offset = vdso_data.wall_offset;
		barrier();
	} while (sequence & 1 || sequence != vdso_data.sequence);
	return ns;
}

static u64 time_of_day(void)
{
	u64 wall_offset, ns = read_clock(&wall_offset);

	return ns + wall_offset;
}

int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	u64 wall_offset, ns;

	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ns = read_clock(&wall_offset);
		break;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns = time_of_day();
		break;
	default:
		return (int)system_call(__NR_clock_gettime, clock, (long)ts);
	}
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec *ts)
{
	return (int)system_call(__NR_clock_getres, clock, (long)ts);
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	u64 ns = time_of_day();

	if (tv) {
		tv->tv_sec = ns / NSEC_PER_SEC;
		tv->tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
	}
	if (tz)
		*tz = (struct timezone){0};
	return 0;
}

long __vdso_time(long *to)
{
	long seconds = time_of_day() / NSEC_PER_SEC;

	if (to)
		*to = seconds;
	return seconds;
}

/* There is one CPU, with number 0. */
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	(void)unused;
	if (cpu)
		*cpu = 0;
	if (node)
		*node = 0;
	return 0;
}

/* Linux's vDSO has each function by both names. */
#define ALIAS(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(int clock, struct timespec *ts) ALIAS(clock_gettime);
int clock_getres(int clock, struct timespec *ts) ALIAS(clock_getres);
int gettimeofday(struct timeval *tv, struct timezone *tz) ALIAS(gettimeofday);
long time(long *to) ALIAS(time);
int getcpu(unsigned int *cpu, unsigned int *node, void *unused) ALIAS(getcpu);
