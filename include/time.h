/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. */
#ifndef TIME_H
#define TIME_H

#include <sys/cdefs.h>
#include <uapi/time.h>

typedef int clockid_t;
int clock_gettime(clockid_t clock, struct timespec *ts) __APP_NAME(clock_gettime);
int nanosleep(const struct timespec *wanted, struct timespec *left) __APP_NAME(nanosleep);

#endif
