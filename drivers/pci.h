/* SPDX-License-Identifier: MIT */
/*
 * PCI, the part that drivers here need: a function's identity, its registers, its interrupts.
 *
 * Machine only.  Process context at boot, one thread; a device's mapped registers may be accessed
 * in any context afterwards.
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
	phys_addr_t addr; /* 0: the firmware gave it none */
	u64 size;         /* bytes, 0: there is none (or it is the upper half of a 64-bit one) */
	bool io;          /* ports, not memory */
	bool is_64;       /* takes the next register too */
};

/* A device's connection to an interrupt line. */
struct pci_intx {
	struct list_head list;
	bool (*handler)(void *arg);
	void *arg;
};

struct pci_device {
	u8 bus, slot, fn;
	u8 intx_slot;    /* on the root bus: its own, or the outermost bridge's */
	bool extra_root; /* behind a root bus other than bus 0 */
	u8 intx_swizzle; /* added to the interrupt pin by the bridges in between */
	u16 vendor, device, subsystem;
	char name[16]; /* "0000:00:03.0" */
	struct pci_bar bar[PCI_BARS];
	u8 msix_cap;      /* offset of the capability, 0: none */
	u16 msix_entries; /* of the table, once pci_msix_enable() was called */
	u8 *msix_table;   /* mapped */
	struct pci_intx intx;
};

/* A driver for devices of some kind; pci.c has the table of all drivers. */
struct pci_driver {
	const char *name;
	bool (*match)(const struct pci_device *pdev);
	/* @pdev stays valid if it returns 0, and is freed if it returns -errno. */
	int (*probe)(struct pci_device *pdev);
};
extern const struct pci_driver virtio_pci_driver;

/* Scans all buses and hands each function to its driver.  From hal_probe_devices(). */
void pci_init(void);

/* Chooses the access to configuration space; called by pci_init().  False: there is no PCI. */
bool pci_config_init(void);
bool pci_config_in_memory(void);

u8 pci_read8(const struct pci_device *pdev, u8 offset);
u16 pci_read16(const struct pci_device *pdev, u8 offset);
u32 pci_read32(const struct pci_device *pdev, u8 offset);
void pci_write16(const struct pci_device *pdev, u8 offset, u16 value);
void pci_write32(const struct pci_device *pdev, u8 offset, u32 value);

/* Memory that is free for the devices of a bus; the end is 0 where the firmware has assigned all. */
struct pci_window {
	u64 next, end;
};
void pci_window_init(struct pci_window *window);
/* Gives the device's memory BARs addresses that have none. */
void pci_assign_bars(struct pci_device *pdev, struct pci_window *window);
/*
 * Gives the bus behind @bridge a number, and the bridge a part of @window.  Returns the number, or
 * 0 on failure; scan the bus, then call pci_close_bridge().
 */
u8 pci_open_bridge(const struct pci_device *bridge, struct pci_window *window,
		   struct pci_window *behind);
void pci_close_bridge(const struct pci_device *bridge, u8 secondary);

/* The capability @id that follows the one at @after (0: the first).  Its offset, 0: none. */
u8 pci_find_capability(const struct pci_device *pdev, u8 id, u8 after);

/* Decoding and DMA on, the interrupt line off. */
void pci_enable_device(const struct pci_device *pdev);

/*
 * Maps @len bytes at @offset of a memory BAR. NULL if they are not all in the BAR, or out of
 * memory.
 */
void *pci_map_bar(const struct pci_device *pdev, unsigned int bar, u64 offset, u64 len);

/* The first port of I/O BAR @bar when it has @len of them, else 0. */
u16 pci_io_bar(const struct pci_device *pdev, unsigned int bar, u32 len);

/* Maps the table, masks every entry, turns MSI-X on.  0, -ENODEV (no MSI-X), -EINVAL, -ENOMEM. */
int pci_msix_enable(struct pci_device *pdev);
/* Table entry @entry raises @irq, unmasked.  -ENOSPC when the table is too short. */
int pci_msix_route(struct pci_device *pdev, unsigned int entry, unsigned int irq);

/*
 * Connects the device to its interrupt line, which it may share.  @handler runs with interrupts
 * off, in hard interrupt, whenever the line is raised.  It clears the device's request and returns
 * whether there was anything new. -ENODEV if the line is not known or has no I/O APIC.
 */
int pci_intx_request(struct pci_device *pdev, bool (*handler)(void *arg), void *arg);
void pci_intx_free(struct pci_device *pdev);
/* Stops the device from raising its line; also for devices without a driver here. */
void pci_intx_disable(const struct pci_device *pdev);

#endif
