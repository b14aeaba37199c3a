/* SPDX-License-Identifier: MIT */
/*
 * The ring of a pipe, which pipe.c and splice.c share.  Process context.
 *
 * All functions but pipe_of() are called with pipe->mutex held.
 */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/sched/mutex.h"

struct pipe_buffer {
	struct page *page;        /* with a reference */
	unsigned int offset, len; /* position of the unread data in the page */
	bool shared; /* a buffer of another pipe has the same page: never append to it */
};

struct pipe_inode_info {
	struct inode inode;
	struct mutex mutex;
	wait_queue_head_t wait;        /* readers and writers alike */
	unsigned int curbuf;           /* the oldest slot with data */
	unsigned int nrbufs;           /* slots with data */
	unsigned int readers, writers; /* number of open ends of each kind */
	unsigned int slots;            /* slots of the ring: a power of two */
	struct pipe_buffer *bufs;
};

/* Returns the pipe of an end, or NULL if @file is no pipe. */
struct pipe_inode_info *pipe_of(const struct file *file);

/* Returns slot @n, counted from the oldest slot with data. */
static inline struct pipe_buffer *pipe_slot(const struct pipe_inode_info *pipe, unsigned int n)
{
	return &pipe->bufs[(pipe->curbuf + n) & (pipe->slots - 1)];
}
/*
 * Sleeps until the other end reads, writes or closes; the mutex is released meanwhile.  Returns 0
 * or -ERESTARTSYS.
 */
int pipe_wait(struct pipe_inode_info *pipe);
/* Waits for data.  Returns 1, 0 if there is none and no writer is left, or -errno. */
int pipe_wait_data(struct pipe_inode_info *pipe, bool nonblock);
/* Fills a free slot, and wakes readers.  The reference of buf.page passes to the pipe. */
void pipe_push(struct pipe_inode_info *pipe, struct pipe_buffer buf);
/* Removes @n bytes of the oldest slot, and wakes writers if the pipe was full and the slot is empty. */
void pipe_drop(struct pipe_inode_info *pipe, unsigned int n);
/*
 * Copies buffered bytes to @to until either is exhausted.  Returns their number, or -EFAULT if none
 * could be copied.
 */
ssize_t pipe_take(struct pipe_inode_info *pipe, struct iov_iter *to);
/*
 * Copies up to a page of @from to one new slot.  Returns the bytes copied, -ENOMEM or -EFAULT.  A slot
 * must be free.
 */
ssize_t pipe_add(struct pipe_inode_info *pipe, struct iov_iter *from);

#endif
