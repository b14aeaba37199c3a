/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over memory-mapped registers (virtio 1.1, 4.2), for machines without PCI:
 * QEMU's microvm, Firecracker.
 *
 * Called in order: hal_late_init() -> virtio_mmio_register(), so that cmdline_parse() knows the
 * option virtio_mmio.device=SIZE@ADDR:IRQ[:ID].  A machine without PCI adds this option for each
 * slot. hal_probe_devices() -> virtio_mmio_init(), which adds the slots of ACPI's DSDT and calls
 * virtio_probe() for each slot that has a device.  Then virtio.c, virtqueue.c and the driver call
 * the operations.  Context: process at boot; vm_notify in any context; vm_interrupt in hard
 * interrupt; vm_config_read, vm_get_status and the reset also in softirq.  No lock: the select
 * register is used at boot only.  Version 2 has the registers of virtio 1.0; version 1 the earlier
 * ones (4.2.4), which take a queue's page number and 32 feature bits.  QEMU's default is version 1.
 * Compare Linux's drivers/virtio/virtio_mmio.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_irq.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/io.h"
#include "kernel/x86/ioapic.h"
#include "kernel/x86/limits.h"
#include "kernel/x86/platform.h"

/* Registers (4.2.2, table 4.1), 32 bits each. */
#define VM_MAGIC             0x000
#define VM_VERSION           0x004
#define VM_DEVICE_ID         0x008
#define VM_DEVICE_FEATURES   0x010
#define VM_DEVICE_FEAT_SEL   0x014
#define VM_DRIVER_FEATURES   0x020
#define VM_DRIVER_FEAT_SEL   0x024
#define VM_GUEST_PAGE_SIZE   0x028 /* version 1: bytes of a page, the unit of QUEUE_PFN */
#define VM_QUEUE_SEL         0x030
#define VM_QUEUE_NUM_MAX     0x034
#define VM_QUEUE_NUM         0x038
#define VM_QUEUE_ALIGN       0x03c /* version 1: alignment of the used ring, bytes */
#define VM_QUEUE_PFN         0x040 /* version 1: page number of the queue */
#define VM_QUEUE_READY       0x044
#define VM_QUEUE_NOTIFY      0x050
#define VM_INTERRUPT_STATUS  0x060
#define VM_INTERRUPT_ACK     0x064
#define VM_STATUS            0x070
#define VM_QUEUE_DESC        0x080
#define VM_QUEUE_DRIVER      0x090
#define VM_QUEUE_DEVICE      0x0a0
#define VM_CONFIG_GENERATION 0x0fc
#define VM_CONFIG            0x100

#define VM_MAGIC_VALUE  0x74726976 /* "virt" */
#define VM_VERSION_OLD  1
#define VM_VERSION_NOW  2
#define VM_RESET_MS     100 /* a device that is still not reset after this time is broken */
#define VM_CONFIG_TRIES 16  /* most reads of one field while the configuration keeps changing */
/* bytes, at most, of one field of the configuration; the longest field that a driver reads has 6 (a MAC address) */
#define VM_FIELD_MAX 8
/* most reads of the status in one interrupt; a device that causes more is reset */
#define VM_ROUNDS_MAX 1024
#define VM_WORD_MAX   64 /* bytes of the longest value of virtio_mmio.device= */

/* A range of registers that may have a device, as the command line or ACPI describes it. */
struct virtio_mmio_slot {
	phys_addr_t address;
	u64 size;
	u32 gsi;
};

struct virtio_mmio {
	struct virtio_device vdev;
	volatile u8 *regs;
	u32 config_len;
	u32 gsi;
	char name[24]; /* "mmio-feb00e00" */
	struct virtio_irqs
		irqs; /* the device's interrupt: the queues and the handler of its changes */
};

static struct virtio_mmio_slot slots[VIRTIO_MMIO_MAX];
static unsigned int nr_slots;

static struct virtio_mmio *to_vm(struct virtio_device *vdev)
{
	return vdev->transport;
}

static u32 vm_read(const struct virtio_mmio *vm, unsigned int reg)
{
	return readl(vm->regs + reg);
}

static void vm_write(const struct virtio_mmio *vm, unsigned int reg, u32 value)
{
	writel(value, vm->regs + reg);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/*
 * The one interrupt of a device.  The line is edge-triggered and stays high while any status bit is
 * set.  A bit that is set while the line is high makes no new edge: so read the status until it is
 * zero, or there will be no further interrupt.
 */
static void vm_interrupt(void *arg)
{
	struct virtio_mmio *vm = arg;
	u32 status;

	for (unsigned int i = 0; i < VM_ROUNDS_MAX; i++) {
		status = vm_read(vm, VM_INTERRUPT_STATUS) & (VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
		if (!status)
			return;
		/*
		 * Acknowledge before the queues run: if the device uses a buffer after the
		 * acknowledgement, it sets the bit again.
		 */
		vm_write(vm, VM_INTERRUPT_ACK, status);
		virtio_irqs_raise(&vm->irqs, status);
	}
	pr_err("virtio %s: the interrupt does not end: device reset, line masked", vm->name);
	ioapic_mask(vm->gsi);
	vm_write(vm, VM_STATUS, 0);
}

/* ---- the operations -------------------------------------------------------------------------- */

static u8 vm_get_status(struct virtio_device *vdev)
{
	return (u8)vm_read(to_vm(vdev), VM_STATUS);
}

static int vm_set_status(struct virtio_device *vdev, u8 status)
{
	u64 deadline = ktime_get_ns() + VM_RESET_MS * NSEC_PER_MSEC;

	if (!status)
		virtio_irqs_forget(&to_vm(vdev)->irqs);
	vm_write(to_vm(vdev), VM_STATUS, status);
	if (status)
		return 0;
	while (vm_get_status(vdev)) {
		if (ktime_get_ns() > deadline)
			return -EIO;
		hal_cpu_relax();
	}
	return 0;
}

static u64 vm_get_features(struct virtio_device *vdev)
{
	struct virtio_mmio *vm = to_vm(vdev);
	u64 features = 0;

	if (!vdev->legacy) {
		vm_write(vm, VM_DEVICE_FEAT_SEL, 1);
		features = (u64)vm_read(vm, VM_DEVICE_FEATURES) << 32;
	}
	vm_write(vm, VM_DEVICE_FEAT_SEL, 0);
	return features | vm_read(vm, VM_DEVICE_FEATURES);
}

static void vm_set_features(struct virtio_device *vdev, u64 features)
{
	for (u32 half = 0; half < (vdev->legacy ? 1 : 2); half++) {
		vm_write(to_vm(vdev), VM_DRIVER_FEAT_SEL, half);
		vm_write(to_vm(vdev), VM_DRIVER_FEATURES, (u32)(features >> (32 * half)));
	}
}

static void vm_config_read(struct virtio_device *vdev, unsigned int offset, void *buf,
			   unsigned int len)
{
	struct virtio_mmio *vm = to_vm(vdev);
	u8 again[VM_FIELD_MAX];

	memset(buf, 0, len);
	if (len > sizeof(again) || len > vm->config_len || offset > vm->config_len - len) {
		virtio_config_failed(vdev, offset, "no such field");
		return;
	}
	/* Version 1 has no generation counter: read a field until two reads agree (2.4.4). */
	for (unsigned int i = 0; i < VM_CONFIG_TRIES; i++) {
		u32 before = vdev->legacy ? 0 : vm_read(vm, VM_CONFIG_GENERATION);

		read_field(buf, vm->regs + VM_CONFIG + offset, len);
		if (vdev->legacy ? i && !memcmp(again, buf, len)
				 : vm_read(vm, VM_CONFIG_GENERATION) == before)
			return;
		memcpy(again, buf, len);
	}
	virtio_config_failed(vdev, offset, "it changed during every read");
}

static u16 vm_queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	vm_write(to_vm(vdev), VM_QUEUE_SEL, index);
	return (u16)min_t(u32, vm_read(to_vm(vdev), VM_QUEUE_NUM_MAX), VIRTQ_SIZE_MAX);
}

static void vm_write_address(const struct virtio_mmio *vm, unsigned int reg, const void *p)
{
	u64 pa = hal_virt_to_phys(p);

	vm_write(vm, reg, (u32)pa);
	vm_write(vm, reg + 4, (u32)(pa >> 32));
}

/*
 * Returns true if the device accepted the queue's addresses: the selected queue then reads back as
 * ready.
 */
static bool vm_place_queue(const struct virtio_mmio *vm, const struct virtqueue *vq)
{
	vm_write_address(vm, VM_QUEUE_DESC, vq->desc);
	vm_write_address(vm, VM_QUEUE_DRIVER, vq->avail);
	vm_write_address(vm, VM_QUEUE_DEVICE, vq->used);
	vm_write(vm, VM_QUEUE_READY, 1);
	return vm_read(vm, VM_QUEUE_READY);
}

static bool vm_place_legacy_queue(const struct virtio_mmio *vm, const struct virtqueue *vq)
{
	u64 pfn = hal_virt_to_phys(vq->desc) / VRING_LEGACY_ALIGN;

	if (pfn > ~0U)
		return false;
	vm_write(vm, VM_GUEST_PAGE_SIZE, VRING_LEGACY_ALIGN);
	vm_write(vm, VM_QUEUE_ALIGN, VRING_LEGACY_ALIGN);
	vm_write(vm, VM_QUEUE_PFN, (u32)pfn);
	return vm_read(vm, VM_QUEUE_PFN) == pfn;
}

static int vm_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	struct virtio_mmio *vm = to_vm(vdev);

	if (vq->index >= VIRTIO_IRQ_QUEUES)
		return -ENOSPC;
	vm_write(vm, VM_QUEUE_SEL, vq->index);
	if (vm_read(vm, vdev->legacy ? VM_QUEUE_PFN : VM_QUEUE_READY))
		return -EBUSY;
	vm_write(vm, VM_QUEUE_NUM, vq->num);
	WRITE_ONCE(vm->irqs.queue[vq->index], vq);
	return (vdev->legacy ? vm_place_legacy_queue : vm_place_queue)(vm, vq) ? 0 : -EINVAL;
}

static void vm_notify(struct virtio_device *vdev, struct virtqueue *vq)
{
	vm_write(to_vm(vdev), VM_QUEUE_NOTIFY, vq->index);
}

static int vm_set_config_irq(struct virtio_device *vdev, unsigned int irq)
{
	WRITE_ONCE(to_vm(vdev)->irqs.config, irq);
	return 0;
}

static const struct virtio_transport_ops virtio_mmio_ops = {
	.get_status = vm_get_status,
	.set_status = vm_set_status,
	.get_features = vm_get_features,
	.set_features = vm_set_features,
	.config_read = vm_config_read,
	.queue_max_size = vm_queue_max_size,
	.enable_queue = vm_enable_queue,
	.notify = vm_notify,
	.set_config_irq = vm_set_config_irq,
};

/* ---- finding the devices --------------------------------------------------------------------- */

/*
 * Routes the interrupt line as edge-triggered.  Some devices pulse the line (Firecracker's), others
 * hold it high; both work, because vm_interrupt() reads the status until it is zero.
 */
static int vm_connect(struct virtio_mmio *vm)
{
	int irq = request_irq(vm->name, vm_interrupt, vm);
	int err;

	if (irq < 0)
		return irq;
	err = ioapic_route(vm->gsi, irq, 0);
	if (err)
		free_irq(irq);
	return err ? err : irq;
}

static void vm_probe_device(const struct virtio_mmio_slot *slot, volatile u8 *regs, u32 version,
			    u32 device_id)
{
	struct virtio_mmio *vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	int irq;

	if (!vm) {
		pr_err("virtio mmio-%lx: no memory", (unsigned long)slot->address);
		return;
	}
	vm->regs = regs;
	vm->config_len = slot->size - VM_CONFIG;
	vm->gsi = slot->gsi;
	scnprintf(vm->name, sizeof(vm->name), "mmio-%lx", (unsigned long)slot->address);
	virtio_irqs_forget(&vm->irqs);
	vm->vdev.ops = &virtio_mmio_ops;
	vm->vdev.transport = vm;
	vm->vdev.bus_name = vm->name;
	vm->vdev.device_id = device_id;
	vm->vdev.legacy = version == VM_VERSION_OLD;
	irq = vm_connect(vm);
	if (irq < 0) {
		pr_err("virtio %s: interrupt line %u cannot be used (%d)", vm->name, vm->gsi, irq);
		goto out_free;
	}
	if (!virtio_probe(&vm->vdev))
		return;
	ioapic_mask(vm->gsi);
	free_irq(irq);
out_free:
	kfree(vm);
}

static void vm_probe_slot(const struct virtio_mmio_slot *slot)
{
	volatile u8 *regs = hal_map_device(slot->address, slot->size);
	u32 version, device_id;

	if (!regs || readl(regs + VM_MAGIC) != VM_MAGIC_VALUE) {
		pr_err("virtio-mmio: no virtio device at %lx", (unsigned long)slot->address);
		return;
	}
	version = readl(regs + VM_VERSION);
	device_id = readl(regs + VM_DEVICE_ID);
	if (!device_id) /* an empty slot (4.2.2.2) */
		return;
	if (version != VM_VERSION_OLD && version != VM_VERSION_NOW) {
		pr_err("virtio mmio-%lx: version %u is not supported, only 1 and 2",
		       (unsigned long)slot->address, version);
		return;
	}
	vm_probe_device(slot, regs, version, device_id);
}

static int vm_add_slot(phys_addr_t address, u64 size, u32 gsi)
{
	if (size <= VM_CONFIG || size > ~0U || address > ~0UL - size || address % sizeof(u32))
		return -EINVAL;
	if (nr_slots == VIRTIO_MMIO_MAX)
		return -ENOSPC;
	slots[nr_slots++] = (struct virtio_mmio_slot){address, size, gsi};
	return 0;
}

static bool vm_is_known(phys_addr_t address)
{
	for (unsigned int i = 0; i < nr_slots; i++) {
		if (slots[i].address == address)
			return true;
	}
	return false;
}

/*
 * Adds the slots of ACPI's tables.  QEMU's microvm describes its slots there, or on the command
 * line if it has no such tables.
 */
static void vm_add_acpi_slots(void)
{
	const struct acpi_devices *acpi = &acpi_devices;
	unsigned int left_out = acpi->mmio_left_out;

	for (unsigned int i = 0; i < acpi->nr_mmio; i++) {
		const struct acpi_mmio_slot *it = &acpi->mmio[i];

		if (!vm_is_known(it->address) && vm_add_slot(it->address, it->size, it->gsi))
			left_out++;
	}
	if (left_out)
		pr_err("virtio-mmio: %u devices of ACPI's tables are not used", left_out);
}

void virtio_mmio_init(void)
{
	vm_add_acpi_slots();
	for (unsigned int i = 0; i < nr_slots; i++)
		vm_probe_slot(&slots[i]);
}

/* ---- the command line ------------------------------------------------------------------------ */

/*
 * Parses the number before the character @end, with an optional suffix K, M or G.  *@text is then
 * behind @end.
 */
static int take_number(char **text, char end, unsigned long *value)
{
	static const char suffixes[] = "KMG";
	char *number = *text;
	char *stop = strchr(number, end);
	unsigned int shift = 0;
	size_t n;
	int err;

	if (!stop && end)
		return -EINVAL;
	n = stop ? (size_t)(stop - number) : strlen(number);
	number[n] = '\0';
	*text = stop && end ? stop + 1 : number + n;
	for (unsigned int i = 0; n > 1 && suffixes[i]; i++) {
		if ((number[n - 1] & ~0x20) == suffixes[i]) {
			number[n - 1] = '\0';
			shift = 10 * (i + 1);
			break;
		}
	}
	err = kstrtoul(number, 0, value);
	if (err)
		return err;
	if (*value > ~0UL >> shift)
		return -ERANGE;
	*value <<= shift;
	return 0;
}

static int parse_slot(const char *value)
{
	char word[VM_WORD_MAX];
	char *text = word;
	char *id;
	unsigned long size, address, gsi;

	if (strlen(value) >= sizeof(word))
		return -EINVAL;
	strscpy(word, value, sizeof(word));
	if (take_number(&text, '@', &size) || take_number(&text, ':', &address))
		return -EINVAL;
	/* ID chooses a device number in Linux; ignored here. */
	id = strchr(text, ':');
	if (id)
		*id = '\0';
	if (take_number(&text, '\0', &gsi) || gsi > ~0U)
		return -EINVAL;
	return vm_add_slot(address, size, (u32)gsi);
}

void virtio_mmio_register(void)
{
	static const struct cmdline_param params[] = {
		{.name = "virtio_mmio.device",
		 .usage = "virtio_mmio.device=SIZE@ADDR:IRQ[:ID]",
		 .parse = parse_slot},
	};

	cmdline_register(params, ARRAY_SIZE(params));
}
