/* SPDX-License-Identifier: MIT */
/* struct timeval, used by gettimeofday(), SO_RCVTIMEO and SO_SNDTIMEO. */
#ifndef SYS_TIME_H
#define SYS_TIME_H

#include <sys/cdefs.h>
#include <uapi/time.h>

int gettimeofday(struct timeval *tv, void *tz) __APP_NAME(gettimeofday);

#endif
