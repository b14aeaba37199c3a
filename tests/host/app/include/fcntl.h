/* SPDX-License-Identifier: MIT */
/* Declares open() and fcntl(). */
#ifndef FCNTL_H
#define FCNTL_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <uapi/fcntl.h>

int open(const char *path, int flags, ...) __APP_NAME(open);
int openat(int dirfd, const char *path, int flags, ...) __APP_NAME(openat);
int fcntl(int fd, int cmd, ...) __APP_NAME(fcntl);

#endif
