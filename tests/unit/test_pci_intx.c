/* SPDX-License-Identifier: MIT */
/*
 * An interrupt line of PCI that a device holds raised for ever: its ISR status never clears.
 *
 * Linked from: this file, drivers/pci_intx.c, the ring and the device model (ring_platform.h has
 * the parts of the kernel that these need); the I/O APIC, PCI's registers, the lock and the timer
 * are played here.  The numbers are those of Linux's note_interrupt() and poll_spurious_irqs()
 * (kernel/irq/spurious.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci.h"
#include "drivers/virtio/virtio_irq.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/timer.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/ioapic.h"
#include "tests/host/virtio_model.h"
#include "tests/unit/ring_platform.h"

#define BUF 2048

struct acpi_devices acpi_devices = {.links = {16, 17, 18, 19}};

static struct virtio_irqs queues;
static struct virtio_device *device;
static struct virtqueue *rx;
static unsigned int callbacks, masked;
static int line_irq;
static struct timer_list *armed;

/* ---- the machine --------------------------------------------------------------------------------- */

void spin_lock_at(spinlock_t *lock, const struct lock_site *site)
{
}

void spin_unlock(spinlock_t *lock)
{
}

unsigned long spin_lock_irqsave_at(spinlock_t *lock, const struct lock_site *site)
{
	return 0;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
}

void setup_timer(struct timer_list *timer, void (*function)(unsigned long), unsigned long data)
{
	*timer = (struct timer_list){.function = function, .data = data};
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	timer->expires = expires;
	armed = timer;
	return 0;
}

u32 ioapic_isa_line(u8 isa, unsigned int *flags)
{
	return isa;
}

int ioapic_route(u32 gsi, unsigned int irq, unsigned int flags)
{
	assert_int_equal(gsi, 16);
	line_irq = irq;
	return 0;
}

void ioapic_mask(u32 gsi)
{
	assert_int_equal(gsi, 16);
	masked++;
}

u8 pci_read8(const struct pci_device *pdev, u8 offset)
{
	return 1; /* the pin: INTA */
}

u16 pci_read16(const struct pci_device *pdev, u8 offset)
{
	return 0;
}

u32 pci_read32(const struct pci_device *pdev, u8 offset)
{
	return 0;
}

void pci_write16(const struct pci_device *pdev, u8 offset, u16 value)
{
}

void *hal_map_device(phys_addr_t pa, size_t size)
{
	return NULL;
}

void generic_handle_irq(unsigned int irq)
{
	host_raise_irq(irq);
}

/* ---- the device ---------------------------------------------------------------------------------- */

static void test_callback(struct virtqueue *vq)
{
	callbacks++;
}

static int test_probe(struct virtio_device *vdev)
{
	device = vdev;
	rx = virtqueue_create(vdev, 0, 256, "rx", test_callback);
	assert_false(IS_ERR(rx));
	queues.queue[0] = rx;
	virtio_device_ready(vdev);
	return 0;
}

static struct virtio_driver test_driver = {
	.name = "test",
	.device_id = VIRTIO_ID_NET,
	.probe = test_probe,
};

/* The lie: whenever it is read, the status says that a buffer was used. */
static bool stuck_handler(void *arg)
{
	return virtio_irqs_raise(&queues, VIRTIO_ISR_QUEUE);
}

/* The model writes a frame into a buffer, which it interrupts for by itself, once. */
static void use_a_buffer(void)
{
	static u8 buffer[BUF], frame[60];
	struct vq_sg sg = {buffer, BUF};
	u32 len;

	while (virtqueue_get_buf(rx, &len))
		;
	assert_int_equal(virtqueue_add(rx, &sg, 0, 1, buffer), 0);
	virtqueue_kick(rx);
	virtio_model_rx(frame, sizeof(frame));
}

static void interrupts(unsigned int n)
{
	while (n--) {
		clock_ns += 1000;
		host_raise_irq(line_irq);
	}
}

static int boot(void **state)
{
	static struct pci_device pdev;

	(void)state;
	queues.config = -1;
	opt_ring = 256;
	virtio_register_driver(&test_driver);
	virtio_model_probe();
	assert_int_equal(pci_intx_request(&pdev, stuck_handler, NULL), 0);
	return 0;
}

/* Each frame has its interrupts: the model's own, and one without a cause. */
static void test_work_is_no_storm(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 110000; i++) {
		use_a_buffer();
		interrupts(1);
	}
	assert_int_equal(masked, 0);
	/* Without a cause, but rarely: a line that is high for a moment after its EOI. */
	for (unsigned int i = 0; i < 210000; i++) {
		clock_ns += 101 * NSEC_PER_MSEC;
		interrupts(1);
	}
	assert_int_equal(masked, 0);
	assert_null(armed);
}

static void test_stuck_line_is_masked_and_polled(void **state)
{
	unsigned int lines = log_lines, before;

	(void)state;
	/* The start of the count of 100,000 depends on the interrupts so far. */
	for (unsigned int i = 0; i < 2 * 100000 && !masked; i++)
		interrupts(1);
	assert_int_equal(masked, 1);
	assert_int_equal(log_lines, lines + 1);
	assert_non_null(armed);
	assert_int_equal(armed->expires, jiffies + HZ / 10);

	/* No further line is logged, and the device is polled by the timer. */
	for (unsigned int i = 0; i < 10; i++) {
		struct timer_list *timer = armed;

		use_a_buffer();
		before = callbacks;
		armed = NULL;
		clock_ns += 100 * NSEC_PER_MSEC;
		timer->function(timer->data);
		assert_int_equal(callbacks, before + 1);
		assert_ptr_equal(armed, timer);
		assert_int_equal(armed->expires, jiffies + HZ / 10);
	}
	assert_int_equal(masked, 1);
	assert_int_equal(log_lines, lines + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_is_no_storm),
		cmocka_unit_test(test_stuck_line_is_masked_and_polled),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
