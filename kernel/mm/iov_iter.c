/* SPDX-License-Identifier: MIT */
/*
 * Copying to and from a list of an application's buffers.
 *
 * import_iovec() <- readv, writev, sendmsg, recvmsg; copy_to_iter()/copy_from_iter() <- every
 * file's read_iter and write_iter.  Process context, no lock; the iter belongs to one system call.
 *
 * If a buffer turns out to be invalid in the middle of a copy, the copy still returns the exact
 * number of bytes copied: the caller must tell the application how many bytes of a stream it has
 * consumed.  Compare Linux's lib/iov_iter.c.
 */
#include "kernel/mm/iov_iter.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"

/* Advances past segments that have no bytes left. */
static void skip_finished(struct iov_iter *i)
{
	while (i->nr_segs && i->iov_offset == i->iov->iov_len) {
		i->iov++;
		i->nr_segs--;
		i->iov_offset = 0;
	}
}

/*
 * Copies up to @n bytes between @kernel and the front of @i: to the application if @to_user, else
 * from the application.  Returns the bytes copied.
 */
static size_t iter_copy(struct iov_iter *i, char *kernel, size_t n, bool to_user)
{
	size_t done = 0;

	n = min(n, i->count);
	while (done < n) {
		size_t part, left = 0;
		char *user;

		skip_finished(i);
		user = (char *)i->iov->iov_base + i->iov_offset;
		part = min(n - done, i->iov->iov_len - i->iov_offset);
		if (unlikely(i->kernel))
			memcpy(to_user ? user : kernel + done, to_user ? kernel + done : user,
			       part);
		else
			left = to_user ? copy_to_user(user, kernel + done, part)
				       : copy_from_user(kernel + done, user, part);
		i->iov_offset += part - left;
		i->count -= part - left;
		done += part - left;
		if (left)
			break;
	}
	return done;
}

size_t copy_from_iter(void *to, size_t n, struct iov_iter *i)
{
	return iter_copy(i, to, n, false);
}

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *i)
{
	return iter_copy(i, (char *)from, n, true);
}

/*
 * Rejects negative lengths and buffers outside of the program's half, before any byte is moved, and
 * shortens the list so that the total does not exceed MAX_RW_COUNT.
 */
static ssize_t check_segments(struct iovec *iov, unsigned int nr_segs)
{
	size_t total = 0;

	for (unsigned int s = 0; s < nr_segs; s++) {
		if ((ssize_t)iov[s].iov_len < 0)
			return -EINVAL;
		if (!access_ok(iov[s].iov_base, iov[s].iov_len))
			return -EFAULT;
		iov[s].iov_len = min(iov[s].iov_len, MAX_RW_COUNT - total);
		total += iov[s].iov_len;
	}
	return total;
}

ssize_t import_iovec(const struct iovec __user *uvec, unsigned int nr_segs, unsigned int nr_fast,
		     struct iovec *fast, struct iovec **iov, struct iov_iter *i)
{
	struct iovec *heap = NULL;
	struct iovec *vec = fast;
	ssize_t total;

	*iov = NULL;
	if (nr_segs > IOV_MAX_SEGMENTS)
		return -EINVAL;
	if (nr_segs > nr_fast) {
		heap = kmalloc(nr_segs * sizeof(*heap), GFP_KERNEL);
		if (!heap)
			return -ENOMEM;
		vec = heap;
	}
	if (copy_from_user(vec, uvec, nr_segs * sizeof(*vec))) {
		total = -EFAULT;
		goto out_free;
	}
	total = check_segments(vec, nr_segs);
	if (total < 0)
		goto out_free;
	*i = (struct iov_iter){.iov = vec, .nr_segs = nr_segs, .count = total};
	*iov = heap;
	return total;

out_free:
	kfree(heap);
	return total;
}
