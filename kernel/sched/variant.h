/* SPDX-License-Identifier: MIT */
/*
 * VARIANT_NAME is the name of this build, "checked" or "shipped", for the log's first line and for
 * dumps.
 */
#ifndef KERNEL_SCHED_VARIANT_H
#define KERNEL_SCHED_VARIANT_H

#include <variant/name.h>

#endif
