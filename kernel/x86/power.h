/* SPDX-License-Identifier: MIT */
/*
 * Power management registers.  The end itself is hal_halt() (kernel/hal.h).
 */
#ifndef KERNEL_X86_POWER_H
#define KERNEL_X86_POWER_H

#include "kernel/types.h"

/* Has the firmware hand the PM1 registers over, if it has not yet.  False when it does not. */
bool power_acpi_on(void);

#endif
