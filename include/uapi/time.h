/* SPDX-License-Identifier: MIT */
/* Types of time and clock numbers of system calls. */
#ifndef UAPI_TIME_H
#define UAPI_TIME_H

struct timespec {
	long tv_sec;
	long tv_nsec;
};
struct timeval {
	long tv_sec;
	long tv_usec;
};
/* The second argument of gettimeofday(), which sets both fields to 0 (UTC). */
struct timezone {
	int tz_minuteswest;
	int tz_dsttime;
};
struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};
struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};
#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 1 /* clock_nanosleep(), timer_settime(): the time is absolute */

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2
/* tv_nsec for utimensat() */
#define UTIME_NOW  0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL

#endif
