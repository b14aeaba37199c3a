/* SPDX-License-Identifier: MIT */
/* The version of this kernel.  Constant: any context, no lock. */
#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

extern const char softnet_version[]; /* e.g. "0.2.0-g0123456789ab-dirty", from tools/version */

void version_init(void); /* registers /proc/version; boot, after proc_init() */

#endif
