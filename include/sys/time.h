/* SPDX-License-Identifier: MIT */
/* struct timeval, also for SO_RCVTIMEO and SO_SNDTIMEO; the time of day in it. */
#ifndef SYS_TIME_H
#define SYS_TIME_H

#include <sys/cdefs.h>
#include <uapi/time.h>

int gettimeofday(struct timeval *tv, void *tz) __APP_NAME(gettimeofday);

#endif
