/* SPDX-License-Identifier: MIT */
/*
 * The start of the machine's devices, in the order of the boot.
 *
 * Callers in order: x86_start_moved() -> platform_init(); kernel_main() -> hal_late_init() when the
 * page allocator works (interrupts off); init_thread() -> hal_probe_devices() when threads and
 * interrupts work.
 */
#include "kernel/x86/platform.h"
#include "boot/boot_info.h"
#include "kernel/hal.h"
#include "kernel/timeline.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/ioapic.h"
#include "kernel/x86/user.h"
#include "kernel/x86/kaslr.h"
#include "kernel/x86/rtc.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/tsc.h"

static const struct boot_info *boot_info;

void platform_init(const struct boot_info *boot)
{
	boot_info = boot;
}

void hal_late_init(void)
{
	kaslr_register_param();
	acpi_init(boot_info->rsdp);
	apic_init();
	ioapic_init();
	user_syscalls_init();
	boot_stage("ACPI, APIC");
	clock_init(boot_info->entry_tsc);
	boot_stage("measuring the TSC");
	rtc_init(boot_info);
	virtio_mmio_register();
}

void hal_probe_devices(void)
{
	kaslr_announce();
	nmi_init();
	pci_init();
	boot_stage("PCI");
	virtio_mmio_init();
	boot_stage("virtio-mmio");
	power_button_init();
	pci_hotplug_init();
}
