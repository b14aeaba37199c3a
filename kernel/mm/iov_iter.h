/* SPDX-License-Identifier: MIT */
/*
 * The source or destination of a read or write: a list of an application's buffers (or of the
 * kernel's own), consumed from the front.  Process context.
 */
#ifndef KERNEL_MM_IOV_ITER_H
#define KERNEL_MM_IOV_ITER_H

#include "include/uapi/uio.h"
#include "kernel/types.h"

struct iov_iter {
	const struct iovec *iov; /* already copied into the kernel; iov_base are user addresses */
	unsigned int nr_segs;
	size_t iov_offset; /* in the first segment */
	size_t count;      /* bytes left in all */
};

/* Of one buffer: @iov is the caller's and must live as long as @i. */
static inline void iov_iter_init_one(struct iov_iter *i, struct iovec *iov, void __user *buf,
				     size_t n)
{
	iov->iov_base = buf;
	iov->iov_len = n;
	*i = (struct iov_iter){.iov = iov, .nr_segs = 1, .count = n};
}
static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}
/* Both return the bytes copied (short = the pointer went bad there) and advance by as many. */
size_t copy_from_iter(void *to, size_t n, struct iov_iter *i);
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *i);

/*
 * Copies an application's iovec array in: total bytes (<= MAX_RW_COUNT, cut as Linux) or -EFAULT,
 * -EINVAL (too many, negative length).  @fast has @nr_fast entries; *@iov is it or a kmalloc that
 * the caller frees (kfree of NULL when fast).
 */
ssize_t import_iovec(const struct iovec __user *uvec, unsigned int nr_segs, unsigned int nr_fast,
		     struct iovec *fast, struct iovec **iov, struct iov_iter *i);

#endif
