/* SPDX-License-Identifier: MIT */
/*
 * Records which functions the kernel enters, in order and with their context (softnet_host.h:
 * sn_trace_*).
 *
 * Callers: every function of the kernel and of the applications, at its entry, in the library that
 * is built with -finstrument-functions (build/host-trace): the compiler inserts the calls.  The
 * other libraries have no such calls.  Any context of the kernel, on any of its stacks. The files
 * of tests/host, like this one, are not instrumented.  Locks: none; one thread of the host runs
 * everything.
 */
#include "kernel/lib/string.h"
#include "kernel/sched/cpu.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"

#define EVENTS_MAX (1u << 16) /* when the buffer is full, a new event overwrites the oldest */

static struct sn_trace_event events[EVENTS_MAX];
static u64 nr_events;
static bool tracing;

void __cyg_profile_func_enter(void *fn, void *call_site);
void __cyg_profile_func_exit(void *fn, void *call_site);

static u32 context(void)
{
	if (in_irq())
		return SN_TRACE_HARDIRQ;
	return in_serving_softirq() ? SN_TRACE_SOFTIRQ : SN_TRACE_PROCESS;
}

void __cyg_profile_func_enter(void *fn, void *call_site)
{
	if (!tracing)
		return;
	events[nr_events++ % EVENTS_MAX] = (struct sn_trace_event){
		.function = (uintptr_t)fn, .caller = (uintptr_t)call_site, .context = context()};
}

/* The compiler requires this function; exits are not recorded. */
void __cyg_profile_func_exit(void *fn, void *call_site)
{
	(void)fn;
	(void)call_site;
}

void sn_trace_start(void)
{
	nr_events = 0;
	tracing = host.booted;
}

void sn_trace_stop(void)
{
	tracing = false;
}

uint64_t sn_trace_count(void)
{
	return nr_events;
}

int sn_trace_get(uint64_t i, struct sn_trace_event *event)
{
	if (i >= nr_events || nr_events - i > EVENTS_MAX)
		return -1;
	*event = events[i % EVENTS_MAX];
	return 0;
}
