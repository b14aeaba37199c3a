/* SPDX-License-Identifier: MIT */
/* Reads and writes of several buffers at once. */
#ifndef SYS_UIO_H
#define SYS_UIO_H

#include <uapi/uio.h>
#include <sys/cdefs.h>
#include <sys/types.h>

ssize_t readv(int fd, const struct iovec *iov, int iovcnt) __APP_NAME(readv);
ssize_t writev(int fd, const struct iovec *iov, int iovcnt) __APP_NAME(writev);

#endif
