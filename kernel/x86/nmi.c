/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts: a hardware error, a watchdog, or a person at the monitor (QEMU's `nmi`).
 *
 * Callers in order: hal_probe_devices() -> nmi_init() once; x86_trap() -> nmi_interrupt() on the
 * NMI stack; then nmi_report() in hard interrupt.  An NMI also interrupts code that holds a
 * spinlock, for example the log's.  So nmi_interrupt() takes no lock and prints nothing: it counts,
 * silences the source, and sends this CPU an ordinary interrupt, whose handler prints.  The kernel
 * continues afterwards, as Linux does without the option unknown_nmi_panic: an NMI in a guest does
 * not mean that memory was lost, which the machine check exception would report.  Compare
 * Linux's arch/x86/kernel/nmi.c.
 */
#include "kernel/x86/limits.h"
#include "kernel/x86/traps.h"
#include "kernel/irq.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "kernel/types.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/io.h"

/*
 * System control port B: bits for the cause of an NMI, and in its low half bits to disable each
 * source.
 */
#define REASON_PORT   0x61
#define REASON_SERR   BIT(7) /* a PCI system error, or a parity error of memory */
#define REASON_IOCHK  BIT(6) /* an I/O card's error */
#define REASON_NONE   0xff   /* value read if the machine has no such port (microvm) */
#define DISABLE_SERR  BIT(2)
#define DISABLE_IOCHK BIT(3)
#define CONTROL_BITS  0x0f

static int report_irq = -1;
static u8 reason_seen; /* of the newest NMI */
static u64 reported;   /* value of nmi_count when the last line was printed */
static u64 next_report_ns;

/*
 * Prints a line about the NMIs since the last line.  Hard interrupt.  An NMI that comes during this
 * function raises the interrupt again.
 */
static void nmi_report(void *arg)
{
	u64 now = ktime_get_ns(), count = READ_ONCE(nmi_count);
	u8 reason = READ_ONCE(reason_seen);
	const char *what = "unknown";

	if (count == reported || now < next_report_ns)
		return;
	if (reason != REASON_NONE && reason & REASON_SERR)
		what = "a PCI system error (SERR); its source is disabled";
	else if (reason != REASON_NONE && reason & REASON_IOCHK)
		what = "an I/O check error (IOCHK); its source is disabled";
	pr_err("NMI: reason %s (port 0x61: %02x); %llu since the last report; the kernel goes on",
	       what, reason, (unsigned long long)(count - reported));
	reported = count;
	next_report_ns = now + NMI_REPORT_MS * NSEC_PER_MSEC;
}

void nmi_interrupt(void)
{
	u8 reason = inb(REASON_PORT);

	nmi_count++;
	WRITE_ONCE(reason_seen, reason);
	/* Clear the error, because as long as it is pending the next NMI comes at once. */
	if (reason != REASON_NONE && reason & REASON_SERR)
		outb(REASON_PORT, (reason & CONTROL_BITS) | DISABLE_SERR);
	else if (reason != REASON_NONE && reason & REASON_IOCHK)
		outb(REASON_PORT, (reason & CONTROL_BITS) | DISABLE_IOCHK);
	if (report_irq >= 0)
		apic_raise(report_irq);
}

void nmi_init(void)
{
	int irq = request_irq("NMI-report", nmi_report, NULL);

	if (irq < 0)
		pr_warn("NMIs are counted and not reported: no interrupt number (%d)", irq);
	WRITE_ONCE(report_irq, irq);
}
