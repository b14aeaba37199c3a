/* SPDX-License-Identifier: MIT */
/*
 * Replaces the parts of the kernel that the virtqueue and the device model call: pages, interrupts, the
 * log, and the options of the model, which a test sets.  Each test program that links virtqueue.c without
 * the rest of the kernel includes this file once.
 */
#ifndef TESTS_UNIT_RING_PLATFORM_H
#define TESTS_UNIT_RING_PLATFORM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "tests/host/host.h"

static u64 opt_features, opt_ring, opt_shuffle; /* values that host_option() returns to the model */
static int allocations; /* allocated pages, objects and interrupts not yet freed */
static bool quiet = true;
static unsigned int log_lines;
static u64 clock_ns = 1;

static struct irq_desc irqs[NR_IRQS];
struct host host; /* of which the device model sets only the interrupt that comes late */

int request_irq(const char *name, irq_handler_t handler, void *arg)
{
	for (int irq = 0; irq < NR_IRQS; irq++) {
		if (irqs[irq].handler)
			continue;
		irqs[irq] = (struct irq_desc){.name = name, .handler = handler, .arg = arg};
		allocations++;
		return irq;
	}
	return -ENOSPC;
}

void free_irq(unsigned int irq)
{
	irqs[irq].handler = NULL;
	allocations--;
}

void host_raise_irq(unsigned int irq)
{
	assert_non_null(irqs[irq].handler);
	irqs[irq].handler(irqs[irq].arg);
}

/* host_raise_irq() calls the handler at once, so there is nothing to hold back. */
unsigned long hal_irq_save(void)
{
	return 0;
}

void hal_irq_restore(unsigned long flags)
{
}

u64 host_option(const char *name, u64 fallback)
{
	if (!strcmp(name, "features"))
		return opt_features;
	if (!strcmp(name, "shuffle"))
		return opt_shuffle;
	return strcmp(name, "queue_size") ? fallback : opt_ring;
}

u64 host_random(u64 below)
{
	return rand() % below;
}

void *get_free_pages(gfp_t gfp, unsigned int order)
{
	void *p = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

	allocations++;
	return memset(p, 0, PAGE_SIZE << order);
}

void free_pages(void *addr, unsigned int order)
{
	allocations--;
	free(addr);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	allocations++;
	return calloc(1, size);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(n * size, gfp);
}

void kfree(const void *obj)
{
	allocations -= obj != NULL;
	free((void *)obj);
}

phys_addr_t hal_virt_to_phys(const void *p)
{
	return (phys_addr_t)p;
}

void hal_device_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void *hal_phys_to_virt(phys_addr_t pa)
{
	return (void *)pa;
}

u64 hal_clock_ns(void)
{
	return clock_ns;
}

struct log_source kernel_log;

void log_register(struct log_source *source)
{
}

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
{
	va_list ap;

	log_lines++;
	if (quiet)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	abort();
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n < (int)size ? n : (int)size - 1;
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
}

void proc_register(const struct proc_entry *entries, unsigned int n)
{
}

#endif
