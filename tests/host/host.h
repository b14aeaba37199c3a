/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the files of the hosted platform and the device model share.
 *
 * Functions of the C library whose names the kernel or its applications define too (read, write,
 * free ...) are called through host_libc: inside libsoftnet.so such a name means the kernel's
 * function.
 */
#ifndef TESTS_HOST_HOST_H
#define TESTS_HOST_HOST_H

#include "kernel/hal.h"
#include "kernel/types.h"

/* ---- functions for the device model ----------------------------------------------------------- */

/* Makes interrupt @irq, a number that request_irq() returned, pending.  Any context. */
void host_raise_irq(unsigned int irq);
/* Returns the value of an option of sn_set(), or @fallback if it was not set. */
u64 host_option(const char *name, u64 fallback);
/* Leaves the kernel @keep free pages and withholds all others; ~0 withholds none.  Pages that an
 * earlier call withheld are free again first. */
void host_keep_pages(u64 keep);
/* Returns a pseudo-random number, uniform in [0, below), determined by the seed of sn_boot().  Not
 * shared with hal_entropy(). */
u64 host_random(u64 below);

/* Implemented by tests/host/virtio_model.c.  A program that is linked without that file has no
 * network device. */
#pragma weak virtio_model_probe
#pragma weak virtio_model_rx
#pragma weak virtio_model_tx
void virtio_model_probe(void);
/* A frame arrives at the device.  Returns false if the receive ring has no buffer for it now. */
bool virtio_model_rx(const void *frame, size_t len);
/* Copies the next frame that the driver sent to @buf and returns its length, 0 if there is none. */
size_t virtio_model_tx(void *buf, size_t max);

/* ---- the C library ---------------------------------------------------------------------------- */

struct host_libc {
	void *(*aligned_alloc)(size_t align, size_t size);
	void *(*realloc)(void *p, size_t size);
	void (*free)(void *p);
	ssize_t (*write)(int fd, const void *buf, size_t n);
	void (*abort)(void);
};
extern struct host_libc host_libc;
void host_libc_init(void);

/* ---- fibers (fiber.c) ------------------------------------------------------------------------- */

/* fiber_boot() starts the kernel with @fn on a new stack; fiber_enter_kernel() continues it later.
 * Both return, on the caller's stack, when the kernel calls fiber_leave_kernel(). */
void fiber_boot(void (*fn)(void *arg), void *arg);
void fiber_enter_kernel(void);
/* Switches from the kernel back to the caller of sn_*(); returns at the next fiber_enter_kernel(). */
void fiber_leave_kernel(void);
bool fiber_in_kernel(void);
bool fiber_is_stack(const void *p);
/* The lowest address and the size in bytes of the stack in use now, for backtraces. */
void fiber_bounds(const void **lowest, size_t *size);
extern u64 fiber_switches;
/* Returns the number of stacks that are allocated now. */
u64 fiber_stacks(void);

/* ---- interrupts (hal_host.c) ------------------------------------------------------------------ */

struct host {
	u64 clock;        /* virtual ns since boot */
	u64 timer;        /* deadline in ns; HAL_TIMER_OFF: not armed */
	u64 irqs_pending; /* a bit for each number of request_irq() */
	bool irqs_on;
	bool booted;
	bool halted;
	int halt_code;
	u32 irq_chance;  /* in 256ths (softnet_host.h, sn_set()) */
	u32 race_chance; /* in 65536ths */
	/* sn_set("race_edge"): the next call gets its interrupt at one chosen point. */
	bool race_armed;  /* the chosen point is not reached yet */
	bool race_counts; /* the call has begun */
	u64 race_left;    /* number of points until the chosen one */
	/* The kernel enables interrupts for the late_points-th time: late() is called. 0: never. */
	u64 late_points;
	void (*late)(void);
	u64 prng[2];
	u64 nr_interrupts;
	u64 nr_this_step; /* interrupts of the current sn_step() */
	u64 nr_objects;   /* live objects of host_object_alloc() */
	/* Of the next fail_alloc allocations, the last fail_row fail.  fail_alloc 0: none fails. */
	u64 fail_alloc, fail_row;
	bool hold_tx;    /* the device sends no frame */
	u64 slow_copies; /* copies from or to the application that will sleep in the middle */
	u64 nr_allocs, nr_refused;
	u64 nr_edges; /* in the race build: edges of the control flow since boot */
	/*
	 * Set while tests/host allocates for itself: fail_alloc and nr_allocs do not count these
	 * allocations.
	 */
	bool sparing;
};
extern struct host host;
void host_seed(u64 seed);
bool host_memory_init(size_t ram, phys_addr_t *base);
void host_memory_release(void);
void fiber_release(void);

/* ---- allocations that fail (refuse.c) ---------------------------------------------------------- */

/* Called once for each allocation; returns true if sn_set("fail_alloc") makes it fail. */
bool host_refuses(void);

/* ---- frames and console (softnet_host.c) ------------------------------------------------------ */

bool host_frames_waiting(void);
/* Moves frames of sn_put_frame() into the device, and sent frames from the device to the list of
 * sn_take_frame().  @idle: the kernel is idle, so a frame without a receive buffer is dropped. */
void host_pump(bool idle);

/* ---- submitted calls (agents.c) --------------------------------------------------------------- */

void agents_init(void); /* process context, at boot */

#endif
