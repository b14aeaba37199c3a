/* SPDX-License-Identifier: MIT */
/*
 * The limits of memory: the pages in reserve, the blocks of fragments, the vectors of one call.
 * Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_MM_LIMITS_H
#define KERNEL_MM_LIMITS_H

/* ---- pages ---- */
/*
 * KiB: sqrt(MIN_FREE_FACTOR * the KiB of memory) are reserved for GFP_ATOMIC; other allocations
 * of pages then fail. Linux's min_free_kbytes: 1 MiB of 64, 2 of 256.
 */
#define MIN_FREE_FACTOR 16
/*
 * part of memory: the reserve of MIN_FREE_FACTOR is no more than a 32nd, because 2 MiB must
 * suffice for a boot.
 */
#define MIN_FREE_PART 32
/*
 * order: of a block that page_frag_refill() takes, 32 KiB; larger ones are hard to find in
 * fragmented memory. Linux's PAGE_FRAG_CACHE_MAX_ORDER.
 */
#define SKB_MAX_ORDER 3
/*
 * part of memory: blocks with a piece in use, an 8th for received data and an 8th for sent;
 * beyond it data is copied to pages of its own. One small piece keeps a whole block.
 */
#define FRAG_BLOCKS_PART 8

/* ---- one call ---- */
/*
 * segments: of readv(), writev(), sendmsg(), recvmsg(); more fail with -EINVAL. POSIX's IOV_MAX,
 * Linux's value.
 */
#define IOV_MAX_SEGMENTS 1024
/*
 * bytes: that one read() or write() moves at most. Linux's value: the largest int, rounded down to
 * a page.
 */
#define MAX_RW_COUNT 0x7ffff000

#endif
