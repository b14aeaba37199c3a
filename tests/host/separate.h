/* SPDX-License-Identifier: MIT */
/*
 * The functions that tests/host/separate.c needs from its platform: tests/host/hal_memory.c,
 * tests/unit/unit_hal.c.
 */
#ifndef TESTS_HOST_SEPARATE_H
#define TESTS_HOST_SEPARATE_H

#include "kernel/types.h"

/* The same answer from slab_init() on. */
bool host_objects_are_separate(void);
/* NULL: no memory, also where a test asks for that. */
void *host_object_alloc(size_t size, size_t align);
void host_object_free(void *object);

#endif
