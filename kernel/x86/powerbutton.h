/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed power button.
 */
#ifndef KERNEL_X86_POWERBUTTON_H
#define KERNEL_X86_POWERBUTTON_H

/* Listens to it, where there is one.  Process context, interrupts on. */
void power_button_init(void);

#endif
