/* SPDX-License-Identifier: MIT */
/*
 * The limits of memory: the pages in reserve, the blocks of fragments, the vectors of one call.
 */
#ifndef KERNEL_MM_LIMITS_H
#define KERNEL_MM_LIMITS_H

/* ---- pages ---- */
/* Pages that only softirqs may take: the square root of this times the KiB of memory, in KiB (Linux's
 * min_free_kbytes: 1 MiB of 64, 2 of 256).  alloc_pages() of others: NULL */
#define MIN_FREE_FACTOR 16
#define MIN_FREE_PART   32 /* and no more than this part of memory: 2 MiB have to do, too */
#define SKB_MAX_ORDER   3  /* page_frag blocks: 32 KiB */
#define FRAG_BLOCKS_PART                                                                           \
	8 /* blocks with a piece in use, one budget for what is received and one for what is sent: an 8th of memory each; more is copied to pages of its own */

/* ---- one call ---- */
#define IOV_MAX_SEGMENTS 1024       /* readv/writev: -EINVAL (POSIX IOV_MAX of Linux) */
#define MAX_RW_COUNT     0x7ffff000 /* bytes of one read or write (Linux) */

#endif
