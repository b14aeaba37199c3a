/* SPDX-License-Identifier: MIT */
/* The calling thread's error number. */
#ifndef ERRNO_H
#define ERRNO_H

#include <uapi/errno.h>

int *__errno_location(void);
#define errno (*__errno_location())

#endif
