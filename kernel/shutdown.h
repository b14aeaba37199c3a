/* SPDX-License-Identifier: MIT */
/*
 * The orderly shutdown: a subsystem that must finish work before the machine ends registers a hook;
 * the machine powers off after all hooks have run. panic() does not run the hooks, because after a
 * bug no other code can be trusted.
 */
#ifndef KERNEL_SHUTDOWN_H
#define KERNEL_SHUTDOWN_H

#include "kernel/hal.h"
#include "kernel/lib/list.h"

/*
 * The stages run in this order: the last segments of connections must be sent before the devices
 * stop.
 */
enum shutdown_stage { SHUTDOWN_CONNECTIONS, SHUTDOWN_DEVICES, NR_SHUTDOWN_STAGES };

struct shutdown_hook {
	const char *name;
	enum shutdown_stage stage;
	/*
	 * Finishes the subsystem's work.  Must return by @deadline (ktime_get_ns()), finished or
	 * not.  Process context, may sleep.
	 */
	void (*stop)(u64 deadline);
	struct list_head list;
};

/* Adds @hook to its stage. Boot. */
void shutdown_register(struct shutdown_hook *hook);

/*
 * Runs the hooks, then ends the machine as hal_halt() does.  A second caller sleeps until the
 * machine ends.  Process context.
 */
void __noreturn kernel_shutdown(enum hal_halt how, int code);

/*
 * Called when the power button was pressed.  Any context.  The first call sends SIGTERM to the program;
 * a later one ends the machine with code 0, without waiting for the program.
 */
void shutdown_request(void);
/* Returns true after shutdown_request().  Any context. */
bool shutdown_requested(void);
/* The last call of the init thread: waits for shutdown_request(), then shuts down. */
void __noreturn shutdown_on_request(void);

#endif
