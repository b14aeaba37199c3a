/* SPDX-License-Identifier: MIT */
/* The name of this build, for kernel/sched/variant.h. */
#ifndef VARIANT_NAME_H
#define VARIANT_NAME_H

#define VARIANT_NAME "checked"

#endif
