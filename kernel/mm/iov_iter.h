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
	/*
	 * A copy in the kernel of the application's array.  Each iov_base still is an address of
	 * the application.
	 */
	const struct iovec *iov;
	unsigned int nr_segs;
	bool kernel;       /* the buffers are the kernel's, not the application's */
	size_t iov_offset; /* bytes of the first segment that were consumed */
	size_t count;      /* bytes left in all */
};

/*
 * Makes @i refer to one buffer.  @iov is the caller's memory and must stay valid as long as @i is
 * used.
 */
static inline void iov_iter_init_one(struct iov_iter *i, struct iovec *iov, void __user *buf,
				     size_t n)
{
	iov->iov_base = buf;
	iov->iov_len = n;
	*i = (struct iov_iter){.iov = iov, .nr_segs = 1, .count = n};
}
/* Like iov_iter_init_one(), but for a buffer of the kernel. */
static inline void iov_iter_init_kernel(struct iov_iter *i, struct iovec *iov, void *buf, size_t n)
{
	iov_iter_init_one(i, iov, buf, n);
	i->kernel = true;
}
static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}
/*
 * copy_from_iter() and copy_to_iter() return the number of bytes copied, and advance @i by that
 * number.  The number is less than @n if @i is exhausted or one of its buffers is invalid.
 */
size_t copy_from_iter(void *to, size_t n, struct iov_iter *i);
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *i);

/*
 * Copies an application's array of iovecs into the kernel and initialises @i with it.  Uses @fast,
 * which has @nr_fast entries, if the array fits; *@iov is then NULL.  Else *@iov is a kmalloc().
 * The caller passes *@iov to kfree() in both cases.  Returns the total number of bytes (cut to
 * MAX_RW_COUNT, as in Linux), or -EFAULT, -ENOMEM, or -EINVAL for too many segments or a negative
 * length.
 */
ssize_t import_iovec(const struct iovec __user *uvec, unsigned int nr_segs, unsigned int nr_fast,
		     struct iovec *fast, struct iovec **iov, struct iov_iter *i);

#endif
