/* SPDX-License-Identifier: MIT */
/* Which build this is: VARIANT_NAME is "checked" or "shipped".  For the banner and the dump. */
#ifndef KERNEL_SCHED_VARIANT_H
#define KERNEL_SCHED_VARIANT_H

#include <variant/name.h>

#endif
