/* SPDX-License-Identifier: MIT */
/* Declares ioctl(). */
#ifndef SYS_IOCTL_H
#define SYS_IOCTL_H

#include <uapi/ioctl.h>
#include <sys/cdefs.h>

int ioctl(int fd, unsigned long request, ...) __APP_NAME(ioctl);

#endif
