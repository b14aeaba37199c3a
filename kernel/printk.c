/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log.
 *
 * printk_from() <- all code, through pr_err() ... pr_debug(), and panic().  Any context.
 * kmsg_copy() <- /proc/kmsg, syslog().
 *
 * A line is formatted on the caller's stack, so that no memory is allocated and the lines of two
 * callers do not mix. log_lock protects the ring and the console, so that an interrupt cannot print
 * into the middle of a line.  It is taken in every context, so with interrupts off.  A panic may
 * happen while the lock is held, because of a bug in the console or in the lock itself; so lines of
 * a panic are printed without the lock.  Compare Linux's kernel/printk/printk.c.
 */
#include "kernel/printk.h"

#include "kernel/console.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/time.h"

static DEFINE_SPINLOCK(log_lock);
static char ring[LOG_RING_SIZE];
static u64 ring_end; /* bytes written since boot; ring[] holds the last LOG_RING_SIZE of them */
static bool panicking;

BUILD_BUG_ON(!IS_POWER_OF_2(LOG_RING_SIZE));
BUILD_BUG_ON(LOG_LINE_MAX >= LOG_RING_SIZE);

/* Formats one line that ends in '\n'.  A longer text is cut, but still ends in '\n'. */
static size_t format_line(char *line, const char *fmt, va_list ap)
{
	u64 us = ktime_get_us();
	size_t n =
		scnprintf(line, LOG_LINE_MAX, "[%5llu.%06llu] ", (unsigned long long)(us / 1000000),
			  (unsigned long long)(us % 1000000));
	size_t room = LOG_LINE_MAX - n - 1; /* '\n' */
	int wanted = vsnprintf(line + n, room, fmt, ap);

	n += (size_t)wanted < room ? (size_t)wanted : room - 1;
	if (line[n - 1] != '\n')
		line[n++] = '\n';
	return n;
}

static void ring_append(const char *s, size_t n)
{
	size_t at = ring_end % LOG_RING_SIZE;
	size_t first = min(n, LOG_RING_SIZE - at);

	memcpy(ring + at, s, first);
	memcpy(ring, s + first, n - first);
	ring_end += n;
}

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
{
	int shown = READ_ONCE(source->level);
	char line[LOG_LINE_MAX];
	bool locked = !READ_ONCE(panicking);
	unsigned long flags = 0;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_line(line, fmt, ap);
	va_end(ap);

	if (locked)
		spin_lock_irqsave(&log_lock, flags);
	ring_append(line, n);
	if ((int)level <= (shown == LOG_AS_CONSOLE || !locked ? console_loglevel : shown))
		console_write(line, n);
	if (locked)
		spin_unlock_irqrestore(&log_lock, flags);
}

size_t kmsg_copy(char *buf, size_t size)
{
	unsigned long flags;
	size_t n, done;
	u64 from;

	spin_lock_irqsave(&log_lock, flags);
	n = min_t(u64, size, LOG_RING_SIZE);
	n = min_t(u64, n, ring_end);
	from = ring_end - n;
	/*
	 * Begin at the start of a line.  If the oldest byte that is copied may lie in the middle of
	 * a line, skip to the next one.
	 */
	if (n == LOG_RING_SIZE || (from > 0 && ring[(from - 1) % LOG_RING_SIZE] != '\n')) {
		while (n && ring[from % LOG_RING_SIZE] != '\n') {
			from++;
			n--;
		}
		if (n) {
			from++;
			n--;
		}
	}
	for (done = 0; done < n;) {
		size_t at = (from + done) % LOG_RING_SIZE;
		size_t part = min(n - done, LOG_RING_SIZE - at);

		memcpy(buf + done, ring + at, part);
		done += part;
	}
	spin_unlock_irqrestore(&log_lock, flags);
	return n;
}

void printk_panicking(void)
{
	WRITE_ONCE(panicking, true);
	console_patient();
}
