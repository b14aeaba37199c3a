/* SPDX-License-Identifier: MIT */
/*
 * Output to the console: text that the port does not take in time is lost and counted.
 *
 * console_write() <- printk, write() to /dev/console, the dumps of a trap.  Any context.
 *
 * A serial port whose other end is full (a socket or pipe that no program reads, flow control) may
 * take no byte for any length of time.  The first such byte waits CONSOLE_POLLS_MAX polls; then the
 * console is stuck, and later text is dropped at once until a new text finds room in the port.
 * That text is preceded by a line that says how many bytes are missing; /proc/kmsg has the kernel's
 * own lines.  In a panic each byte waits its full time, because no later text would report the
 * loss, up to CONSOLE_PANIC_POLLS_MAX polls in all: after that, ending the machine matters more
 * than the text.
 *
 * console_lock (irq-safe: every context writes) keeps one caller's text together.  It is taken
 * inside printk's lock.  Linux has no such bound: its 8250 console waits 10 ms for each byte
 * (wait_for_xmitr()).
 */
#include "kernel/console.h"

#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sched/spinlock.h"

static DEFINE_SPINLOCK(console_lock);
static struct console_stats stats;
static u64 untold;   /* lost bytes that no line has reported yet */
static bool stuck;   /* a byte found no room in time, and no room was seen since */
static bool patient; /* a panic's text */
static unsigned int panic_polls = CONSOLE_PANIC_POLLS_MAX; /* polls left for the panic */

/* console_lock held.  *@done: the bytes that were taken.  False: not all were, the console is stuck. */
static bool write_or_stick(const char *s, size_t n, size_t *done)
{
	*done = hal_console_write(s, n, NULL);
	if (*done == n)
		return true;
	stuck = true;
	stats.waits++;
	return false;
}

/* console_lock held.  True: there is room again, and the line that counts the lost bytes is written. */
static bool unstick(void)
{
	char line[80];
	unsigned int no_polls = 0;
	size_t n, done;

	if (!hal_console_write("\n", 1, &no_polls))
		return false;
	n = scnprintf(line, sizeof(line), "[console: %llu bytes were not taken in time: lost]\n",
		      (unsigned long long)untold);
	if (!write_or_stick(line, n, &done))
		return false;
	stuck = false;
	untold = 0;
	return true;
}

static void write_bounded(const char *s, size_t n)
{
	size_t done = 0;

	if ((stuck && !unstick()) || !write_or_stick(s, n, &done)) {
		stats.lost += n - done;
		untold += n - done;
	}
}

/* Each byte waits, within panic_polls for all of them; a byte without room is skipped. */
static void write_patiently(const char *s, size_t n)
{
	while (n) {
		size_t done = hal_console_write(s, n, &panic_polls);

		s += done;
		n -= done;
		if (n) {
			stats.lost++;
			s++;
			n--;
		}
	}
}

void console_write(const char *s, size_t n)
{
	unsigned long flags;

	if (READ_ONCE(patient)) {
		write_patiently(s, n);
		return;
	}
	spin_lock_irqsave(&console_lock, flags);
	write_bounded(s, n);
	spin_unlock_irqrestore(&console_lock, flags);
}

void console_patient(void)
{
	WRITE_ONCE(patient, true);
}

struct console_stats console_stats(void)
{
	return stats;
}
