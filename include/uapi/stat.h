/* SPDX-License-Identifier: MIT */
/* struct stat and file modes; Linux x86-64's layout. */
#ifndef UAPI_STAT_H
#define UAPI_STAT_H

#include <stdint.h>

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFREG  0100000
#define S_IFCHR  0020000
#define S_IFIFO  0010000

struct stat {
	uint64_t st_dev;
	uint64_t st_ino;
	uint64_t st_nlink;
	uint32_t st_mode;
	uint32_t st_uid;
	uint32_t st_gid;
	uint32_t reserved0;
	uint64_t st_rdev;
	int64_t st_size;
	int64_t st_blksize;
	int64_t st_blocks;
	/*
	 * times of the last access, the last change of the data and the last change of the inode:
	 * seconds, then nanoseconds of each
	 */
	uint64_t st_times[6];
	int64_t reserved1[3];
};
_Static_assert(sizeof(struct stat) == 144, "Linux's struct stat");

#endif
