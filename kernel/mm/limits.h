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
 * factor: the kernel reserves sqrt(MIN_FREE_FACTOR * m) KiB of a machine with m KiB of memory for
 * GFP_ATOMIC. If no more than this reserve is free, other allocations of pages fail. The reserve
 * is, as Linux's min_free_kbytes, 1 MiB on a machine of 64 MiB, and 2 MiB on one of 256 MiB.
 */
#define MIN_FREE_FACTOR 16
/*
 * part of memory: the reserve of MIN_FREE_FACTOR is at most one 32nd of the memory, because the
 * kernel must boot in 2 MiB.
 */
#define MIN_FREE_PART 32
/*
 * order of a block that page_frag_refill() takes: 3 is 32 KiB. Larger blocks are hard to find in
 * fragmented memory. The value is Linux's PAGE_FRAG_CACHE_MAX_ORDER.
 */
#define SKB_MAX_ORDER 3
/*
 * part of memory that the blocks of page fragments (page_frag.h) may take: blocks of received data take at most an
 * 8th (without the buffers of the receive ring), and blocks of data to send another 8th. When the
 * 8th is used up, further data is copied to pages that are not cut into pieces. Without the limit a
 * peer could exhaust memory, because one small piece that stays in use keeps its whole block
 * allocated.
 */
#define FRAG_BLOCKS_PART 8

/* ---- the program's memory ---- */
/*
 * ranges of memory that the program has mapped: with this many, mmap() fails with -ENOMEM, and so do mprotect()
 * and munmap() if they would cut a range in two.  A range takes 112 bytes. The value is Linux's default of
 * vm.max_map_count.
 */
#define MAX_MAP_COUNT 65530
/*
 * bytes between a stack and the mapping below it: mmap() chooses no address in this gap, and an access that
 * would grow the stack into the gap faults. So a function with a large frame cannot write to
 * another mapping. The value is Linux's stack_guard_gap, 256 pages.
 */
#define STACK_GUARD_GAP (256 * 4096UL)
/*
 * bytes to which a stack grows, unless setrlimit(RLIMIT_STACK) changes it: an access further down
 * is a SIGSEGV. The value is Linux's default.
 */
#define STACK_LIMIT_DEFAULT (8UL << 20)
/*
 * part of memory: the kernel keeps a 16th of the memory free of the program's pages, but no more
 * than USER_RESERVE_MAX_KIB. Page tables count as the program's pages. A fault that would take a
 * page of this reserve kills the program, unless the program has fewer pages than
 * USER_GUARANTEED_PART. So sockets and packets find memory however much the program touches.
 */
#define USER_RESERVE_PART 16
/*
 * KiB: the most that USER_RESERVE_PART keeps. Packets in flight on fast links need a few MiB, whatever
 * the size of memory.
 */
#define USER_RESERVE_MAX_KIB 16384
/*
 * part of memory: while the program has less than an 8th of the memory, its faults may take pages from
 * the reserve, too. So peers that fill the sockets' queues do not kill a program that is small. All
 * sockets together hold at most half of the memory (tcp_mem).
 */
#define USER_GUARANTEED_PART 8

/* ---- one system call ---- */
/*
 * segments of one readv(), writev(), sendmsg() or recvmsg(): more fail with -EINVAL. The value is
 * Linux's for POSIX's IOV_MAX.
 */
#define IOV_MAX_SEGMENTS 1024
/*
 * bytes of one read() or write(): a larger request moves only this many. The value is Linux's: the
 * largest int, rounded down to a page.
 */
#define MAX_RW_COUNT 0x7ffff000

#endif
