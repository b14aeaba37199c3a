/* SPDX-License-Identifier: MIT */
/*
 * PCI's interrupt lines: the wiring of the chipsets, a device that stops using its line, and a device that
 * keeps its line asserted for ever because its ISR status never clears (an interrupt storm).
 *
 * The program consists of this file, drivers/pci_intx.c, the virtqueue and the device model; ring_platform.h
 * replaces the parts of the kernel that these need.  This file simulates the I/O APIC, PCI's registers, the
 * lock and the timer.  The limits of a storm are those of Linux's note_interrupt() and poll_spurious_irqs()
 * (kernel/irq/spurious.c).  The wiring follows the datasheets that drivers/pci_intx.c names, and QEMU's
 * hw/isa/lpc_ich9.c (ich9_cc_init, ich9_cc_update).
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
#define PIN 0x3d /* offset of the configuration register with the device's interrupt pin */

struct acpi_devices acpi_devices = {.links = {16, 17, 18, 19}};

static struct virtio_irqs queues;
static struct virtio_device *device;
static struct virtqueue *rx;
static unsigned int callbacks, masked;
static struct timer_list *armed;
static u8 config[32][256];                /* configuration space of each slot of bus 0 */
static u16 rcba[0x4000 / 2] __aligned(4); /* ICH9's memory-mapped registers */
static int irq_of[24]; /* the kernel's interrupt number for each GSI; 0: not routed */

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
	assert_true(irq && gsi < ARRAY_SIZE(irq_of) && !irq_of[gsi]);
	irq_of[gsi] = irq;
	return 0;
}

void ioapic_mask(u32 gsi)
{
	assert_int_equal(gsi, 16);
	masked++;
}

u8 pci_read8(const struct pci_device *pdev, u8 offset)
{
	return config[pdev->slot][offset];
}

u16 pci_read16(const struct pci_device *pdev, u8 offset)
{
	u16 value;

	memcpy(&value, &config[pdev->slot][offset], sizeof(value));
	return value;
}

u32 pci_read32(const struct pci_device *pdev, u8 offset)
{
	u32 value;

	memcpy(&value, &config[pdev->slot][offset], sizeof(value));
	return value;
}

void pci_write16(const struct pci_device *pdev, u8 offset, u16 value)
{
	memcpy(&config[pdev->slot][offset], &value, sizeof(value));
}

void *hal_map_device(phys_addr_t pa, size_t size)
{
	assert_int_equal(pa, 0xfed1c000);
	assert_int_equal(size, sizeof(rcba));
	return rcba;
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

/* The handler of a broken device: its ISR status reports a used buffer at every read. */
static bool stuck_handler(void *arg)
{
	return virtio_irqs_raise(&queues, VIRTIO_ISR_QUEUE);
}

/* Gives the model a buffer, into which it writes a frame; the model raises one interrupt for that. */
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
		host_raise_irq(irq_of[16]);
	}
}

static int boot(void **state)
{
	static struct pci_device pdev;

	(void)state;
	config[0][PIN] = 1;
	queues.config = -1;
	opt_ring = 256;
	virtio_register_driver(&test_driver);
	virtio_model_probe();
	assert_int_equal(pci_intx_request(&pdev, stuck_handler, NULL), 0);
	return 0;
}

/* ---- the storm ----------------------------------------------------------------------------------- */

/*
 * Each frame raises two interrupts: the model's, and a spurious one. One spurious interrupt for each used
 * buffer is no storm.
 */
static void test_work_is_no_storm(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 110000; i++) {
		use_a_buffer();
		interrupts(1);
	}
	assert_int_equal(masked, 0);
	/* Rare spurious interrupts are no storm either: a line may still be asserted just after its EOI. */
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
	/*
	 * The driver checks for a storm after each 100,000 interrupts; the interrupts of earlier tests count in
	 * the first group.
	 */
	for (unsigned int i = 0; i < 2 * 100000 && !masked; i++)
		interrupts(1);
	assert_int_equal(masked, 1);
	assert_int_equal(log_lines, lines + 1);
	assert_non_null(armed);
	assert_int_equal(armed->expires, jiffies + HZ / 10);

	/* Afterwards the timer polls the device, and nothing more is logged. */
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

/* ---- the wiring ---------------------------------------------------------------------------------- */

static unsigned int asked;

static bool count_asked(void *arg)
{
	asked++;
	return true;
}

/* Raises each routed interrupt; returns the only GSI for which the handler count_asked() runs, 0 if there is none. */
static int gsi_that_asks(void)
{
	int found = 0;

	for (int gsi = 0; gsi < (int)ARRAY_SIZE(irq_of); gsi++) {
		asked = 0;
		if (irq_of[gsi])
			host_raise_irq(irq_of[gsi]);
		if (asked) {
			assert_int_equal(found, 0);
			found = gsi;
		}
	}
	return found;
}

/* Returns the GSI of a device in @slot with interrupt pin @pin (1: INTA), or -errno if it has no line. */
static int gsi_of(u8 slot, u8 pin)
{
	struct pci_device pdev = {.slot = slot, .intx_slot = slot};
	int result;

	config[slot][PIN] = pin;
	result = pci_intx_request(&pdev, count_asked, NULL);
	if (result)
		return result;
	result = gsi_that_asks();
	pci_intx_free(&pdev);
	return result;
}

/* Puts an Intel PCI-to-ISA bridge with device ID @id into @slot: it identifies the chipset. */
static struct pci_device put_chip(u8 slot, u16 id)
{
	struct pci_device chip = {.slot = slot};

	pci_write16(&chip, PCI_VENDOR_ID, 0x8086);
	pci_write16(&chip, PCI_DEVICE_ID, id);
	pci_write16(&chip, PCI_CLASS_DEVICE, 0x0601);
	return chip;
}

static void test_piix3_routes_by_slot_and_pin(void **state)
{
	(void)state;
	put_chip(1, 0x7000);
	memcpy(&config[1][0x60], (u8[]){5, 9, 12, 0x80}, 4);
	assert_int_equal(gsi_of(2, 1), 9); /* PIRQB */
	assert_int_equal(gsi_of(2, 2), 12);
	assert_int_equal(gsi_of(2, 3), -ENODEV); /* PIRQD, which is not routed */
	assert_int_equal(gsi_of(5, 1), 5);
	memset(config[1], 0, sizeof(config[1]));
}

static void test_ich9_routes_by_slot_and_register(void **state)
{
	struct pci_device behind = {.slot = 2, .intx_slot = 2, .extra_root = true}, lpc;

	(void)state;
	lpc = put_chip(31, 0x2918);
	/* Slot and pin select one of PIRQE to PIRQH (GSI 20 to 23), here PIRQF. */
	assert_int_equal(gsi_of(2, 4), 21);
	assert_int_equal(gsi_of(3, 1), 23);
	/* In slot 30 the pin alone determines the interrupt line. */
	assert_int_equal(gsi_of(30, 2), 21);
	assert_int_equal(gsi_of(28, 2), -ENODEV);
	pci_write16(&lpc, 0xf0, 0xc001); /* RCBA: registers at 0xfed1c000, enabled */
	pci_write16(&lpc, 0xf2, 0xfed1);
	rcba[0x3146 / 2] = 0x3270; /* D28IR */
	assert_int_equal(gsi_of(28, 2), 23);
	assert_int_equal(gsi_of(28, 3), 18);
	assert_int_equal(pci_intx_request(&behind, count_asked, NULL), -ENODEV);
	memset(config[31], 0, sizeof(config[31]));
}

/*
 * With an unknown chipset, the line is the one that the firmware wrote to the interrupt line register (PCI 3.0,
 * 6.2.4); 255 means none.
 */
static void test_other_chipsets_have_the_firmwares_line(void **state)
{
	s64 link = acpi_devices.links[0];

	(void)state;
	acpi_devices.links[0] = -1;
	config[4][0x3c] = 11;
	assert_int_equal(gsi_of(4, 1), 11);
	assert_int_equal(gsi_of(4, 0), -ENODEV); /* no pin */
	config[4][0x3c] = 255;
	assert_int_equal(gsi_of(4, 1), -ENODEV);
	acpi_devices.links[0] = link;
}

static void test_freed_device_is_not_asked(void **state)
{
	struct pci_device pdev = {.slot = 6, .intx_slot = 6};

	(void)state;
	config[6][PIN] = 1;
	pci_write16(&pdev, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	assert_int_equal(pci_intx_request(&pdev, count_asked, NULL), 0);
	assert_int_equal(pci_read16(&pdev, PCI_COMMAND), PCI_COMMAND_MASTER);
	assert_int_equal(gsi_that_asks(), 18);
	pci_intx_free(&pdev);
	assert_int_equal(pci_read16(&pdev, PCI_COMMAND),
			 PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	assert_int_equal(gsi_that_asks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_is_no_storm),
		cmocka_unit_test(test_stuck_line_is_masked_and_polled),
		cmocka_unit_test(test_piix3_routes_by_slot_and_pin),
		cmocka_unit_test(test_ich9_routes_by_slot_and_register),
		cmocka_unit_test(test_other_chipsets_have_the_firmwares_line),
		cmocka_unit_test(test_freed_device_is_not_asked),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
