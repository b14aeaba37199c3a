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
#define CLOCK_REALTIME       0
#define CLOCK_MONOTONIC      1
#define CLOCK_BOOTTIME       7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
/* tv_nsec for utimensat() */
#define UTIME_NOW  0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL

#endif
