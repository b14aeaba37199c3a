/* SPDX-License-Identifier: MIT */
/*
 * The orderly shutdown: a subsystem with work to finish registers a hook; the machine powers off
 * after all of them. panic() does not run the hooks: after a bug no other code can be trusted.
 */
#ifndef KERNEL_SHUTDOWN_H
#define KERNEL_SHUTDOWN_H

#include "kernel/hal.h"
#include "kernel/lib/list.h"

/* In this order: the last segments of connections must leave through the devices. */
enum shutdown_stage { SHUTDOWN_CONNECTIONS, SHUTDOWN_DEVICES, NR_SHUTDOWN_STAGES };

struct shutdown_hook {
	const char *name;
	enum shutdown_stage stage;
	/* Process context, may sleep, but not beyond @deadline (ktime_get_ns()). */
	void (*stop)(u64 deadline);
	struct list_head list;
};

/* Boot. */
void shutdown_register(struct shutdown_hook *hook);

/* Runs the hooks, then ends as hal_halt() does.  A second caller sleeps until the first is through.
 * Process context. */
void __noreturn kernel_shutdown(enum hal_halt how, int code);

/* The power button: asks for a power-off with code 0.  Any context. */
void shutdown_request(void);
/* The rest of the init thread: waits for shutdown_request(), then shuts down. */
void __noreturn shutdown_on_request(void);

#endif
