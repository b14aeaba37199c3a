/* SPDX-License-Identifier: MIT */
/* The cpio format "newc": an archive in memory, read entry by entry.  Any context, no lock. */
#ifndef KERNEL_FS_CPIO_H
#define KERNEL_FS_CPIO_H

#include "kernel/types.h"

struct cpio_entry {
	const char *name; /* with NUL, in the archive; not empty */
	u32 ino;
	u32 mode, uid, gid, nlink;
	s64 mtime; /* seconds since 1970 */
	u32 dev;   /* number of the file system that the archive was made from */
	u32 rdev;  /* a device node's number: MKDEV() */
	u64 data;  /* offset of the data in the archive */
	u32 size;  /* bytes of data */
};

/*
 * Reads the entry at *@pos and advances *@pos behind it.  Returns 1; 0 at the end of the archive,
 * after which *@pos is where another archive may begin; or -1, with the reason in *@why.
 */
int cpio_next(const char *archive, u64 size, u64 *pos, struct cpio_entry *entry, const char **why);
/* If the bytes are compressed, returns the name of the format, else NULL. */
const char *cpio_compression(const char *archive, u64 size);

#endif
