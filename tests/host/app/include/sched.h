/* SPDX-License-Identifier: MIT */
/* Declares sched_yield(). */
#ifndef SCHED_H
#define SCHED_H

#include <sys/cdefs.h>

int sched_yield(void) __APP_NAME(sched_yield);

#endif
