/* SPDX-License-Identifier: MIT */
/* Declares eventfd() and its relatives. */
#ifndef SYS_EVENTFD_H
#define SYS_EVENTFD_H

#include <stdint.h>
#include <sys/cdefs.h>
#include <uapi/eventfd.h>

typedef uint64_t eventfd_t;
int eventfd(unsigned int count, int flags) __APP_NAME(eventfd);
/* Both return 0, or -1 with the error in errno. */
int eventfd_read(int fd, eventfd_t *value) __APP_NAME(eventfd_read);
int eventfd_write(int fd, eventfd_t value) __APP_NAME(eventfd_write);

#endif
