/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. */
#ifndef TIME_H
#define TIME_H

#include <sys/cdefs.h>
#include <uapi/time.h>

typedef int clockid_t;
typedef long time_t;
int clock_gettime(clockid_t clock, struct timespec *ts) __APP_NAME(clock_gettime);
int clock_settime(clockid_t clock, const struct timespec *ts) __APP_NAME(clock_settime);
int clock_getres(clockid_t clock, struct timespec *ts) __APP_NAME(clock_getres);
time_t time(time_t *now) __APP_NAME(time);
int nanosleep(const struct timespec *wanted, struct timespec *left) __APP_NAME(nanosleep);

#endif
