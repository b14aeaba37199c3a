/* SPDX-License-Identifier: MIT */
/* The name of this build, for the banner (init/main.c). */
#ifndef VARIANT_NAME_H
#define VARIANT_NAME_H

#define VARIANT_NAME "shipped"

#endif
