/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts: counted, reported, survived.
 */
#ifndef KERNEL_X86_NMI_H
#define KERNEL_X86_NMI_H

/* From hal_probe_devices(): NMIs before it are counted and not reported. */
void nmi_init(void);
/* From x86_trap(), on the NMI stack.  It must not fault: the IRET of a nested exception would let the
 * next NMI in, onto the same stack. */
void nmi_interrupt(void);

#endif
