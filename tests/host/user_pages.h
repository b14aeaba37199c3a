/* SPDX-License-Identifier: MIT */
/* The hosted page tables of the program, as tests see them. */
#ifndef TESTS_HOST_USER_PAGES_H
#define TESTS_HOST_USER_PAGES_H

#include "kernel/types.h"

u64 host_user_pages(void); /* entries that hold a page */
/* Makes the allocation of tables fail after @n more have succeeded; -1: never. */
void host_user_fail_tables_after(long n);

#endif
