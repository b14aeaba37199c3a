/* SPDX-License-Identifier: MIT */
/* struct iovec, in the layout of Linux's system calls. */
#ifndef UAPI_UIO_H
#define UAPI_UIO_H

#include <stddef.h>

struct iovec {
	void *iov_base;
	size_t iov_len;
};

#endif
