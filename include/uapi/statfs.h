/* SPDX-License-Identifier: MIT */
/* struct statfs; Linux x86-64's layout. */
#ifndef UAPI_STATFS_H
#define UAPI_STATFS_H

#include <stdint.h>

#define TMPFS_MAGIC      0x01021994
#define PROC_SUPER_MAGIC 0x9fa0
#define ST_VALID         0x20 /* f_flags is filled */

struct statfs {
	int64_t f_type;
	int64_t f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail; /* in units of f_bsize bytes */
	uint64_t f_files, f_ffree;            /* inodes */
	int32_t f_fsid[2];
	int64_t f_namelen;
	int64_t f_frsize;
	int64_t f_flags;
	int64_t reserved[4];
};
_Static_assert(sizeof(struct statfs) == 120, "Linux's struct statfs");

#endif
