/* SPDX-License-Identifier: MIT */
/* struct iovec, as Linux's system calls lay it out. */
#ifndef UAPI_UIO_H
#define UAPI_UIO_H

#include <stddef.h>

struct iovec {
	void *iov_base;
	size_t iov_len;
};

#endif
