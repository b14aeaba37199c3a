/* SPDX-License-Identifier: MIT */
/*
 * The interface of the hosted kernel, for tests and for experiments.
 *
 * libsoftnet.so is the whole kernel in an ordinary process: its scheduler, softirqs, timers, files,
 * sockets and network, on one thread of the host.  Time is virtual: it does not move while the kernel
 * runs; the caller sets it.  The same seed and the same calls give the same run, to the last byte.
 *
 * Typical use:
 *	sn_set("ram", 32 << 20);                   options before boot (all have defaults)
 *	sn_boot(seed, "ip=10.0.0.1/24");           runs until everything is idle
 *	for (;;) {
 *		sn_put_frame(...); sn_submit(...);     a frame arrives, a call starts
 *		next = sn_step();                      the kernel runs until it is idle
 *		while (sn_take_frame(...)) ...         the frames that it sent
 *		sn_poll(...);                          the calls that returned
 *		sn_set_clock(next or earlier);         time passes
 *	}
 * One loaded copy of the library is one host, and it can boot once.  For two hosts, load two copies
 * from two files with RTLD_LOCAL; tests/host/conductor.h does that and connects them with wires.
 * fork() after sn_boot() gives two hosts with the same state.
 *
 * All functions must be called from one thread, and none from within the kernel.  After a halt (a
 * panic, or power-off) the functions that only read state still work, and sn_step() returns SN_HALTED.
 * All arguments and results are fixed-width integers and pointers, for callers in any language.
 */
#ifndef TESTS_HOST_SOFTNET_HOST_H
#define TESTS_HOST_SOFTNET_HOST_H

#include <stddef.h>
#include <stdint.h>

#define SN_API __attribute__((visibility("default")))

#define SN_NEVER  (~0ULL)     /* no timer is armed: only a frame or a call gives the kernel work */
#define SN_HALTED (~0ULL - 1) /* the kernel halted: sn_halt_code(), sn_panic_message() */

/* ---- boot ------------------------------------------------------------------------------------- */

/*
 * Sets an option.  Before sn_boot():
 *   ram            bytes, default 64 MiB
 *   irq_chance     the chance, in 256ths, that a pending interrupt is delivered where the kernel
 *                  switches interrupts on.  0: it is delivered only when the kernel is idle.
 *                  Default: 64, but 0 when sn_boot()'s seed is 0
 *   race_chance    in the race build: the same, in 65536ths, at every edge of the control flow.
 *                  Default: 256, but 0 when the seed is 0
 *   realtime       the time of day at boot, in seconds since 1970 (default: not known)
 *   separate_objects  0: slab cuts objects from pages, as on the machine.  1 (default): each object is
 *                  an allocation of the C library, so that a sanitizer checks accesses to it
 *   stack_pages    1: a thread's stack takes pages of the page allocator, as on the machine (default 0)
 *   dhcp           1: a command line without `ip=` stays as it is, so the kernel asks a DHCP server.  0
 *                  (default): sn_boot() adds an `ip=` with the addresses of QEMU's user network
 *   echo           1: console output also goes to stderr
 * and the options of the device model (tests/host/virtio_model.h): mac (the six bytes as a
 * number, 0x020000000001 is 02:00:00:00:00:01), mtu, features ...
 * After sn_boot(), between steps:
 *   fail_alloc     N: the Nth allocation (an object, pages, a fragment of a page) from now on
 *                  fails, once (0: none does)
 *   fail_row       N: the allocation of fail_alloc fails and the N - 1 after it; set before fail_alloc
 *                  (default 1)
 *   hold_tx        1: the device sends no frame until this is 0 again
 *   iss            the initial sequence number of this host's connections from now on, active and
 *                  passive.  A value above 32 bits (default): as RFC 6528 computes it (tests/host/iss.c)
 *   race_edge      N: frames, the timer and interrupts wait until the next system call has begun.  They are
 *                  delivered at the Nth place in it where an interrupt is possible (race build: at
 *                  the Nth edge of the code), or when the call sleeps or returns before that.
 *                  Afterwards irq_chance and race_chance decide again
 *   slow_copies    N: the next N copies from or to the application sleep for a tick in the middle, as in a
 *                  page fault that waits for a lock
 *   keep_pages     N: all free pages but N are withheld from the kernel.  ~0: they are free again
 * Returns 0, or -1 if there is no room for another option.
 */
SN_API int sn_set(const char *name, uint64_t value);
/* Boots the kernel and runs it until it is idle.  Returns 0, or -1 if it halted during that or was
 * booted before. */
SN_API int sn_boot(uint64_t seed, const char *cmdline);

/* Frees the memory of this copy.  No other function may be called afterwards. */
SN_API void sn_release(void);

/* ---- running ---------------------------------------------------------------------------------- */

/* Runs the kernel until it is idle.  Returns the time in ns of its next timer (possibly earlier than
 * the timer, never later), SN_NEVER or SN_HALTED. */
SN_API uint64_t sn_step(void);
SN_API uint64_t sn_clock(void); /* ns since boot */
/* Sets the time to @ns; an earlier time than the present one is ignored.  The next sn_step() runs the
 * timers that are due. */
SN_API void sn_set_clock(uint64_t ns);

/* ---- the wire --------------------------------------------------------------------------------- */

/* Passes an Ethernet frame without FCS to the device; the kernel gets it in the next sn_step().  The bytes
 * are copied.  Returns 0, or -1 if the frame is too long, too many frames wait or memory is short. */
SN_API int sn_put_frame(const void *frame, size_t len);
/* Copies the oldest frame that the kernel sent and that was not taken yet to @buf, at most @max bytes.
 * Returns the number of bytes, 0 if there is no frame. */
SN_API size_t sn_take_frame(void *buf, size_t max);

/* ---- system calls ----------------------------------------------------------------------------- */

/*
 * Starts system call @nr (Linux's number) in a thread of the kernel, which begins it in the next
 * sn_step().  Pointers are addresses of this process; the memory must stay valid until the call has
 * returned.  All calls share the applications' table of open files.  Returns a ticket > 0, or -1: too
 * many calls are in flight, the kernel has halted, or @nr is exit().
 */
SN_API int64_t sn_submit(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
			 int64_t f);
/*
 * sn_submit(SN_REPEAT, calls, n): makes the @n calls one after the other and begins again, in one thread
 * as an application's loop does, until a call returns 0 or less, which is then the result.
 */
#define SN_REPEAT (-2)
struct sn_call {
	int64_t nr, args[6];
};
/* Returns 1 if the call has returned: its result (or negative errno) is in *@result, and the ticket
 * is no longer valid.  0: it has not returned yet.  -1: no such ticket. */
SN_API int sn_poll(int64_t ticket, int64_t *result);
/* Interrupts the call's sleep in the next sn_step(), as a signal would.  Returns 0, or -1: no such
 * ticket. */
SN_API int sn_interrupt(int64_t ticket);
SN_API uint32_t sn_calls_in_flight(void);

/* Makes copy_from_user() and copy_to_user() fault in this range; in the first 64 KiB of addresses
 * they always fault.  @len 0 removes all ranges.  Returns 0, or -1 if there are too many ranges. */
SN_API int sn_bad_range(const void *addr, size_t len);

/* ---- state ------------------------------------------------------------------------------------ */

/*
 * The console output, NUL-terminated (if it is long, only its newer part).  The pointer is valid
 * until the next call of any function.
 */
SN_API const char *sn_console(void);
SN_API int sn_halt_code(void);             /* 0 if the kernel runs or powered off normally */
SN_API const char *sn_panic_message(void); /* "" if there was none */
SN_API uint32_t sn_warn_count(void);

/* Stores the name of the @i-th slab cache and its number of live objects.  Returns 0, or -1 if there
 * are not that many caches. */
SN_API int sn_cache(uint32_t i, const char **name, uint64_t *live);
SN_API uint64_t sn_live_objects(void); /* live objects of all caches together */
SN_API uint64_t sn_free_pages(void);
SN_API uint32_t sn_timers_armed(void);
SN_API uint32_t sn_threads(void);

/* Checks that the fields of each TCP connection are consistent (inspect.c has the rules).  Returns the
 * number of violations; @text describes the first one. */
SN_API int32_t sn_inspect(char *text, size_t max);

/*
 * Returns the value of a counter, ~0 for an unknown name:
 *   interrupts, switches (of stacks), steps, frames_in, frames_out
 *   frames_dropped   frames for which the ring had no buffer
 *   objects          live objects that are separate allocations
 *   stacks           stacks that are allocated now
 *   allocs           requests for objects since boot
 *   allocs_refused   allocations that fail_alloc made fail
 *   race_left        0: the call reached the point of race_edge; otherwise the number of points that
 *                    were missing
 *   edges            in the race build: edges (jumps) of the control flow since boot; a measure of work
 *                    that depends on no clock
 */
SN_API uint64_t sn_stat(const char *name);

/*
 * Stores the @i-th return address, relative to that of sn_boot(), that was on the stack when
 * fail_alloc made an allocation fail; each address has one @i.  Returns 0, or -1 if there are not that
 * many.
 */
SN_API int sn_refused(uint32_t i, uint64_t *address);

/* ---- trace (only build/host-trace records events) ---------------------------------------------- */

enum sn_trace_context { SN_TRACE_PROCESS, SN_TRACE_SOFTIRQ, SN_TRACE_HARDIRQ };
struct sn_trace_event {
	uint64_t function; /* its address in this copy of the library */
	uint64_t caller;   /* the address from which it was called */
	uint32_t context;  /* enum sn_trace_context */
	uint32_t unused;
};
/*
 * From now on records each call of a function of the kernel or of an application, but not of
 * tests/host; discards earlier records.
 */
SN_API void sn_trace_start(void);
SN_API void sn_trace_stop(void);
/* Returns the number of events since sn_trace_start(). */
SN_API uint64_t sn_trace_count(void);
/* Copies the @i-th event since the start to *@event.  Returns 0, or -1: there is no such event, or newer
 * ones have overwritten it. */
SN_API int sn_trace_get(uint64_t i, struct sn_trace_event *event);

#endif
