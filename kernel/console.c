/* SPDX-License-Identifier: MIT */
/*
 * Output to the console.  Text for which the serial port has no room in time is dropped, and its
 * bytes are counted.
 *
 * console_write() <- printk, write() to /dev/console, the dumps of a trap.  Any context.
 *
 * A serial port whose other end is full (a socket or pipe that no program reads, flow control) may
 * accept no byte for an unlimited time.  The first byte without room waits for CONSOLE_POLLS_MAX
 * polls of the port.  After that the console counts as stuck: each later text is dropped without
 * waiting, until the port has room again when a text arrives.  Before that text the console prints
 * a line with the number of lost bytes.  The kernel's own lost lines can be read from /proc/kmsg.
 * In a panic each byte may wait CONSOLE_POLLS_MAX polls even after earlier bytes were lost, because
 * no later text would report the loss.  All bytes of the panic together wait for at most
 * CONSOLE_PANIC_POLLS_MAX polls, so that a dead port cannot keep the machine from rebooting or
 * powering off.
 *
 * console_lock keeps one caller's text together.  It is taken with interrupts off, because every
 * context writes to the console, and may be taken while printk's lock is held.  Linux does not drop
 * text: its 8250 console waits 10 ms for each byte (wait_for_xmitr()).
 */
#include "kernel/console.h"

#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sched/spinlock.h"

static DEFINE_SPINLOCK(console_lock);
static struct console_stats stats;
static u64 untold; /* bytes lost since the console last printed a line "[console: ... lost]" */
/* True after a byte has waited for room in vain, until the port has room again. */
static bool stuck;
/* Set by console_patient(): each byte may wait for room, because the machine is about to end. */
static bool patient;
/* Number of further polls of the port that the text of a panic may wait. */
static unsigned int panic_polls = CONSOLE_PANIC_POLLS_MAX;

/*
 * Writes as much of @s as finds room in time; *@done is the number of bytes written.  Returns
 * false, and marks the console as stuck, if bytes are left. console_lock held.
 */
static bool write_or_stick(const char *s, size_t n, size_t *done)
{
	*done = hal_console_write(s, n, NULL);
	if (*done == n)
		return true;
	stuck = true;
	stats.waits++;
	return false;
}

/*
 * Tests whether the stuck console has room again; if so, writes the line that counts the lost bytes
 * and returns true. console_lock held.
 */
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

/*
 * Each byte may wait CONSOLE_POLLS_MAX polls for room, as long as panic_polls are left.  A byte
 * that finds no room is skipped and counted as lost.
 */
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
