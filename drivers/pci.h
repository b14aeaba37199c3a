/* SPDX-License-Identifier: MIT */
/*
 * PCI as drivers see it: a function's identity, its registers, its interrupts.
 *
 * Machine build only.  Process context at boot, one thread; a device's mapped registers may be
 * accessed in any context afterwards.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "kernel/lib/list.h"
#include "kernel/types.h"

#define PCI_BARS  6
#define PCI_BUSES 256

/* Offsets in configuration space (PCI Local Bus 3.0, chapter 6). */
#define PCI_VENDOR_ID       0x00
#define PCI_DEVICE_ID       0x02
#define PCI_COMMAND         0x04
#define PCI_STATUS          0x06
#define PCI_CLASS_DEVICE    0x0a
#define PCI_HEADER_TYPE     0x0e
#define PCI_BASE_ADDRESS_0  0x10
#define PCI_SECONDARY_BUS   0x19
#define PCI_SUBSYSTEM_ID    0x2e
#define PCI_CAPABILITY_LIST 0x34

#define PCI_COMMAND_IO           0x001
#define PCI_COMMAND_MEMORY       0x002
#define PCI_COMMAND_MASTER       0x004
#define PCI_COMMAND_INTX_DISABLE 0x400

#define PCI_CAP_ID_VENDOR 0x09
#define PCI_CAP_ID_MSIX   0x11

struct pci_bar {
	/* address in memory, or the first port; 0: the firmware assigned no address */
	phys_addr_t addr;
	u64 size;   /* bytes; 0: no BAR here (or the upper half of a 64-bit BAR) */
	bool io;    /* a BAR of I/O ports, not of memory */
	bool is_64; /* 64-bit: the address continues in the next BAR register */
};

/* Links a device into the list of devices that share an interrupt line. */
struct pci_intx {
	struct list_head list;
	bool (*handler)(void *arg);
	void *arg;
};

struct pci_device {
	u8 bus, slot, fn;
	/* the device's slot on the root bus; behind bridges, the outermost bridge's slot */
	u8 intx_slot;
	bool extra_root; /* the device's root bus is not bus 0 */
	/*
	 * number to add to the interrupt pin, modulo 4, because of the bridges on the path to the
	 * device
	 */
	u8 intx_swizzle;
	u16 vendor, device, subsystem;
	char name[16]; /* "0000:00:03.0" */
	struct pci_bar bar[PCI_BARS];
	u8 msix_cap;      /* offset of the MSI-X capability; 0: the device has none */
	u16 msix_entries; /* entries in the MSI-X table; set by pci_msix_enable() */
	u8 *msix_table;   /* the mapped MSI-X table */
	struct pci_intx intx;
	const struct pci_driver *driver;
	void *driver_data;     /* used by the driver alone */
	struct list_head list; /* in the list of devices that have a driver */
};

/*
 * A driver.  match() decides by ids whether it serves a device; the table of all drivers is in
 * pci.c.
 */
struct pci_driver {
	const char *name;
	bool (*match)(const struct pci_device *pdev);
	/*
	 * If probe() returns 0, the driver keeps @pdev; if it returns -errno, the caller frees
	 * @pdev.
	 */
	int (*probe)(struct pci_device *pdev);
	/*
	 * Ends the driver's use of @pdev, because the host wants to unplug the device or has done
	 * so. If remove() returns 0, the caller frees @pdev; if it returns -errno, the driver still
	 * uses @pdev. Process context.
	 */
	int (*remove)(struct pci_device *pdev);
};
extern const struct pci_driver virtio_pci_driver;

/*
 * Calls remove() of the driver of each PCI function of @slot on @bus. Returns true if no function
 * of the slot has a driver any more. Process context.
 */
bool pci_remove_slot(u8 bus, u8 slot);
/* Serves the host's requests to remove devices (pci_hotplug.c).  Called by hal_probe_devices(). */
void pci_hotplug_init(void);
/* Scans all buses and calls the driver of each function.  Called by hal_probe_devices(). */
void pci_init(void);

/*
 * Chooses the access to configuration space: ports or memory.  Called by pci_init().  Returns false
 * if the machine has no PCI.
 */
bool pci_config_init(void);
bool pci_config_in_memory(void);

u8 pci_read8(const struct pci_device *pdev, u8 offset);
u16 pci_read16(const struct pci_device *pdev, u8 offset);
u32 pci_read32(const struct pci_device *pdev, u8 offset);
void pci_write16(const struct pci_device *pdev, u8 offset, u16 value);
void pci_write32(const struct pci_device *pdev, u8 offset, u32 value);

/*
 * A memory range from which devices on a bus get addresses for their BARs.  @end is 0 if the
 * firmware assigns all addresses.
 */
struct pci_window {
	u64 next, end;
};
void pci_window_init(struct pci_window *window);
/* Assigns an address from @window to each memory BAR of @pdev that has none. */
void pci_assign_bars(struct pci_device *pdev, struct pci_window *window);
/*
 * Gives the bus behind @bridge a number, and the bridge a part of @window, which is returned in
 * @behind.  Returns the bus number, or 0 on failure.  After the scan of that bus the caller calls
 * pci_close_bridge().
 */
u8 pci_open_bridge(const struct pci_device *bridge, struct pci_window *window,
		   struct pci_window *behind);
void pci_close_bridge(const struct pci_device *bridge, u8 secondary);

/*
 * Searches the list of capabilities for @id, behind the capability at offset @after, or from the
 * start of the list if @after is 0.  Returns the offset of the capability found, or 0.
 */
u8 pci_find_capability(const struct pci_device *pdev, u8 id, u8 after);

/* Enables decoding of the BARs and DMA; disables the interrupt line. */
void pci_enable_device(const struct pci_device *pdev);

/*
 * Maps @len bytes at @offset of memory BAR @bar.  Returns NULL if the BAR is shorter or has no
 * address, or if no address space is left.
 */
void *pci_map_bar(const struct pci_device *pdev, unsigned int bar, u64 offset, u64 len);

/*
 * Returns the first port of I/O BAR @bar, or 0 if there is no such BAR, or it has no address or
 * fewer than @len ports.
 */
u16 pci_io_bar(const struct pci_device *pdev, unsigned int bar, u32 len);

/*
 * Maps the MSI-X table, masks every entry and enables MSI-X.  Returns 0, -ENODEV (no MSI-X) or
 * -EINVAL (the table cannot be mapped).
 */
int pci_msix_enable(struct pci_device *pdev);
/*
 * Makes entry @entry of the MSI-X table raise @irq, and unmasks it.  Returns -ENOSPC if the table
 * is too short.
 */
int pci_msix_route(struct pci_device *pdev, unsigned int entry, unsigned int irq);

/*
 * Connects the device to its interrupt line, which other devices may share. @handler runs in hard
 * interrupt, interrupts disabled, at each interrupt of the line. @handler makes its device release
 * the line, and returns true if the device had new work. Returns -ENODEV if the line is not known
 * or no I/O APIC serves it.
 */
int pci_intx_request(struct pci_device *pdev, bool (*handler)(void *arg), void *arg);
void pci_intx_free(struct pci_device *pdev);
/* Keeps the device from raising its line.  Also called for devices without a driver. */
void pci_intx_disable(const struct pci_device *pdev);

#endif
