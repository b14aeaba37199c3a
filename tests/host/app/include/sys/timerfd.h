/* SPDX-License-Identifier: MIT */
/* Timers that a program reads or polls. */
#ifndef SYS_TIMERFD_H
#define SYS_TIMERFD_H

#include <sys/cdefs.h>
#include <time.h>
#include <uapi/timerfd.h>

int timerfd_create(clockid_t clock, int flags) __APP_NAME(timerfd_create);
int timerfd_settime(int fd, int flags, const struct itimerspec *set, struct itimerspec *old)
	__APP_NAME(timerfd_settime);
int timerfd_gettime(int fd, struct itimerspec *left) __APP_NAME(timerfd_gettime);

#endif
