/* SPDX-License-Identifier: MIT */
/*
 * The third seam: the hosted kernel's interface, for tests and for experiments.
 *
 * libsoftnet.so is the whole kernel in an ordinary process: its scheduler, softirqs, timers, files,
 * sockets and network, on one thread of the host.  Time is virtual and stands still while the kernel
 * runs; the caller moves it.  The same seed and the same calls are the same run, to the last byte.
 *
 * A life:
 *	sn_set("ram", 32 << 20);                   options first (all have defaults)
 *	sn_boot(seed, "ip=10.0.0.1/24");           runs until everything is idle
 *	for (;;) {
 *		sn_put_frame(...); sn_submit(...);     what happens to the machine
 *		next = sn_step();                      it runs until it is idle again
 *		while (sn_take_frame(...)) ...         what it sent
 *		sn_poll(...);                          which calls came back
 *		sn_set_clock(next or earlier);         time passes
 *	}
 * One copy of the library is one host and one boot.  Two hosts are two files that were each opened
 * with RTLD_LOCAL (tests/host/conductor.h does it, and puts wires between them).  fork() after
 * sn_boot() gives two hosts with one past.
 *
 * All functions are called from one thread, none from within the kernel.  After a halt (a panic of
 * ours, or power-off) everything that looks still works, and sn_step() returns SN_HALTED.
 * Only fixed-width types and pointers cross this line, so that any language may call.
 */
#ifndef TESTS_HOST_SOFTNET_HOST_H
#define TESTS_HOST_SOFTNET_HOST_H

#include <stddef.h>
#include <stdint.h>

#define SN_API __attribute__((visibility("default")))

#define SN_NEVER  (~0ULL)     /* no timer is armed: only a frame or a call can move it */
#define SN_HALTED (~0ULL - 1) /* it ended: sn_halt_code(), sn_panic_message() */

/* ---- boot ------------------------------------------------------------------------------------- */

/*
 * Before sn_boot():
 *   ram            bytes, default 64 MiB
 *   irq_chance     the chance, in 256ths, that a pending interrupt is delivered where the kernel
 *                  switches interrupts on.  0: it is delivered only when the kernel is idle.
 *                  Default: 64, but 0 when sn_boot()'s seed is 0
 *   race_chance    in the race build: the same, in 65536ths, at every edge of the code.
 *                  Default: 256, but 0 when the seed is 0
 *   realtime       the time of day at boot, in seconds since 1970 (default: not known)
 *   separate_objects  0: slab cuts objects from pages, as on the machine (default 1: each is an allocation of
 *                  the host's, which a sanitizer watches)
 *   stack_pages    1: a thread's stack takes pages, as on the machine (default 0)
 *   echo           1: the console also goes to stderr
 * and what the device model knows (tests/host/virtio_model.h): mac (the six bytes as a
 * number, 0x020000000001 is 02:00:00:00:00:01), mtu, features ...
 * After it, between steps:
 *   fail_alloc     N: the Nth allocation of an object from now on fails, once (0: none does)
 *   iss            the sequence number that the next connections of this host start with, on either
 *                  side; above 32 bits (the default): as RFC 6528 says (tests/host/iss.c)
 *   race_edge      N: frames and interrupts wait until the next system call has begun.  They are
 *                  delivered at the Nth place in it where an interrupt is possible (race build: at
 *                  the Nth edge of the code), or when the call sleeps or returns before that.
 *                  Afterwards irq_chance and race_chance decide again
 *   keep_pages     N: the kernel has N free pages and no more, until this is set again (~0: all)
 * 0, or -1 when there is no room for another option.
 */
SN_API int sn_set(const char *name, uint64_t value);
/* Boots and runs until idle.  0, or -1 when it halted on the way (or was booted before). */
SN_API int sn_boot(uint64_t seed, const char *cmdline);

/* The end of this copy: its memory goes back, and nothing may be called any more. */
SN_API void sn_release(void);

/* ---- running ---------------------------------------------------------------------------------- */

/* Runs until nothing more happens at this instant.  The next deadline in ns (it may be too early,
 * never too late), SN_NEVER or SN_HALTED. */
SN_API uint64_t sn_step(void);
SN_API uint64_t sn_clock(void); /* ns since boot */
/* Moves time forward; backward is ignored.  The next sn_step() handles the timers that are due. */
SN_API void sn_set_clock(uint64_t ns);

/* ---- the wire --------------------------------------------------------------------------------- */

/* An Ethernet frame without FCS arrives; the kernel gets it in the next sn_step().  The bytes are
 * copied.  0, or -1 (too long, too many waiting, memory). */
SN_API int sn_put_frame(const void *frame, size_t len);
/* The next frame that was sent, oldest first: its length, 0 when there is none.  A frame longer than
 * @max is cut. */
SN_API size_t sn_take_frame(void *buf, size_t max);

/* ---- system calls ----------------------------------------------------------------------------- */

/*
 * Hands system call @nr (Linux's number) to a thread of the kernel; it starts in the next sn_step().
 * Pointers are this process's, and must stay valid until the call came back.  All calls share one
 * table of files with the applications.  A ticket > 0, or -1 (too many in flight, exit()).
 */
SN_API int64_t sn_submit(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
			 int64_t f);
/* 1: it returned *@result (negative errno), and the ticket is used up. 0: not yet. -1: no such
 * ticket. */
SN_API int sn_poll(int64_t ticket, int64_t *result);
/* Interrupts its sleep, as a signal would, in the next sn_step().  0 or -1. */
SN_API int sn_interrupt(int64_t ticket);
SN_API uint32_t sn_calls_in_flight(void);

/* Addresses that copy_from_user() and copy_to_user() fault at, besides the first 64 KiB.
 * @len 0 forgets all.  0, or -1 when there are too many. */
SN_API int sn_bad_range(const void *addr, size_t len);

/* ---- looking ---------------------------------------------------------------------------------- */

/* All that the console got, NUL-terminated, valid until the next call of anything. */
SN_API const char *sn_console(void);
SN_API int sn_halt_code(void);             /* 0 when it runs, or powered off in order */
SN_API const char *sn_panic_message(void); /* "" when there was none */
SN_API uint32_t sn_warn_count(void);

/* Slab caches: *@name and the number of live objects of the i-th; 0, or -1 past the last. */
SN_API int sn_cache(uint32_t i, const char **name, uint64_t *live);
SN_API uint64_t sn_live_objects(void); /* of all caches */
SN_API uint64_t sn_free_pages(void);
SN_API uint32_t sn_timers_armed(void);
SN_API uint32_t sn_threads(void);

/* Audits the books of all TCP connections (inspect.c says against which rules): how many are wrong, 0:
 * none; the first, in words, in @text. */
SN_API int32_t sn_inspect(char *text, size_t max);

/* Counters by name: interrupts, switches, steps, frames_in, frames_out, frames_dropped (no buffer
 * in the ring), objects (host allocations alive), stacks (of threads, and kept), allocs
 * (ever asked for), allocs_refused (fail_alloc), race_left (places that a call did not come to before
 * the one of race_edge).  ~0 for an unknown name. */
SN_API uint64_t sn_stat(const char *name);

/* ---- trace (build/host-trace only: elsewhere nothing is recorded) ------------------------------ */

enum sn_trace_context { SN_TRACE_PROCESS, SN_TRACE_SOFTIRQ, SN_TRACE_HARDIRQ };
struct sn_trace_event {
	uint64_t function; /* its address in this copy of the library */
	uint64_t caller;   /* where it was called */
	uint32_t context;  /* enum sn_trace_context */
	uint32_t unused;
};
/* Records the entry of every function above the seams, from now on; forgets earlier ones. */
SN_API void sn_trace_start(void);
SN_API void sn_trace_stop(void);
/* The number since the start. */
SN_API uint64_t sn_trace_count(void);
/* The @i-th of them; 0, or -1: there is none, or newer ones took its place. */
SN_API int sn_trace_get(uint64_t i, struct sn_trace_event *event);

#endif
