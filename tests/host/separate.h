/* SPDX-License-Identifier: MIT */
/*
 * The functions that tests/host/separate.c needs.  The hosted kernel (tests/host/hal_memory.c) and the
 * unit tests (tests/unit/unit_hal.c) implement them.
 */
#ifndef TESTS_HOST_SEPARATE_H
#define TESTS_HOST_SEPARATE_H

#include "kernel/types.h"

/* Returns true if the kernel gets objects of the C library.  The answer must not change after
 * slab_init(). */
bool host_objects_are_separate(void);
/* Returns NULL if there is no memory, or if a test makes this allocation fail. */
void *host_object_alloc(size_t size, size_t align);
void host_object_free(void *object);

#endif
