/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the files of the hosted platform and the device model share.
 *
 * The C library is reached through host_libc where a name may also be one of ours (the kernel and
 * its applications define memcpy, read, write, malloc ... for themselves, and inside this library
 * theirs win).
 */
#ifndef TESTS_HOST_HOST_H
#define TESTS_HOST_HOST_H

#include "kernel/hal.h"
#include "kernel/types.h"

/* ---- for the device model --------------------------------------------------------------------- */

/* The device raises the interrupt that request_irq() gave out.  Any context. */
void host_raise_irq(unsigned int irq);
/* An option of sn_set(), or @fallback when it was not set. */
u64 host_option(const char *name, u64 fallback);
/* All free pages but @keep are taken out of the kernel's hands, or given back to it. */
void host_keep_pages(u64 keep);
/* From the seed, a stream of its own: uniform in [0, below). */
u64 host_random(u64 below);

/* Implemented by tests/host/virtio_model.c; without it the host has no port. */
#pragma weak virtio_model_probe
#pragma weak virtio_model_rx
#pragma weak virtio_model_tx
void virtio_model_probe(void);
/* A frame arrives: false when the ring has no buffer for it now (or there is no driver). */
bool virtio_model_rx(const void *frame, size_t len);
/* Takes the next frame that the driver sent off the ring: its length, 0 when there is none. */
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

/* The caller's own stack goes to sleep while the kernel runs; from main into the kernel. */
void fiber_boot(void (*fn)(void *arg), void *arg);
void fiber_enter_kernel(void);
/* From the kernel back to main; returns when main enters again. */
void fiber_leave_kernel(void);
bool fiber_in_kernel(void);
bool fiber_is_stack(const void *p);
/* The stack that is running, for backtraces. */
void fiber_bounds(const void **lowest, size_t *size);
extern u64 fiber_switches;
u64 fiber_stacks(void); /* that hal_stack_alloc() gave and did not get back */

/* ---- interrupts (hal_host.c) ------------------------------------------------------------------ */

struct host {
	u64 clock;
	u64 timer; /* HAL_TIMER_OFF: not armed */
	u64 irqs_pending;
	bool irqs_on;
	bool booted;
	bool halted;
	int halt_code;
	u32 irq_chance;  /* of 256 */
	u32 race_chance; /* of 65536 */
	bool race_armed; /* sn_set("race_edge"): all that waits comes at one point, ... */
	bool race_counts;
	u64 race_left; /* ... that many from the beginning of the next call */
	u64 prng[2];
	u64 nr_interrupts;
	u64 nr_this_step;
	u64 nr_objects;
	u64 fail_alloc; /* that many allocations from now on, the last of them fails; 0: none does */
	u64 nr_allocs, nr_refused;
	bool sparing; /* the platform's own allocations, which a test can't mean */
};
extern struct host host;
void host_seed(u64 seed);
bool host_memory_init(size_t ram, phys_addr_t *base);
void host_memory_release(void);
void fiber_release(void);

/* ---- frames and console (softnet_host.c) ------------------------------------------------------ */

bool host_frames_waiting(void);
/* Moves frames into the device and out of it.  @idle: all that there are, else some. */
void host_pump(bool idle);

/* ---- submitted calls (agents.c) --------------------------------------------------------------- */

void agents_init(void); /* process context, at boot */

#endif
