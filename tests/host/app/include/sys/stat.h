/* SPDX-License-Identifier: MIT */
/* Declares fstat(). */
#ifndef SYS_STAT_H
#define SYS_STAT_H

#include <uapi/stat.h>
#include <sys/cdefs.h>

int fstat(int fd, struct stat *st) __APP_NAME(fstat);

#endif
