/* SPDX-License-Identifier: MIT */
/* The types that POSIX's functions use. */
#ifndef SYS_TYPES_H
#define SYS_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifndef __ssize_t_defined
typedef long ssize_t;
#define __ssize_t_defined
#endif
typedef long off_t;
typedef int pid_t;
typedef unsigned int mode_t;
typedef unsigned int useconds_t;

#endif
