/* SPDX-License-Identifier: MIT */
/* How a directory passes its entries to getdents64().  Process context. */
#ifndef KERNEL_FS_READDIR_H
#define KERNEL_FS_READDIR_H

#include "kernel/types.h"

/* Positions: 0 is before ".", 1 before "..", the entries of the directory follow. */
#define DIR_POS_FIRST 2

struct dentry;

struct dir_context {
	u64 pos;   /* position of the next entry */
	char *buf; /* a sequence of struct linux_dirent64 */
	size_t size, used;
	bool full; /* an entry did not fit */
};

/*
 * Appends an entry; @next is the position behind it.  Returns false if the entry does not fit: then
 * iterate() stops.
 */
bool dir_emit(struct dir_context *ctx, const char *name, unsigned int len, u64 ino, u32 mode,
	      u64 next);
/* Emits "." and "..".  Returns false if the buffer is full. */
bool dir_emit_dots(struct dentry *dir, struct dir_context *ctx);

#endif
