/* SPDX-License-Identifier: MIT */
/* Limits of the integer types. */
#ifndef LIMITS_H
#define LIMITS_H

#define INT_MAX   __INT_MAX__
#define INT_MIN   (-INT_MAX - 1)
#define UINT_MAX  (2u * INT_MAX + 1)
#define LONG_MAX  __LONG_MAX__
#define LONG_MIN  (-LONG_MAX - 1)
#define ULONG_MAX (2ul * LONG_MAX + 1)

#endif
