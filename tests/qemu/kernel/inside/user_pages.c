/* SPDX-License-Identifier: MIT */
/*
 * app=user-pages: the kernel's functions for the program's page tables (kernel/x86/user_pages.c), on the
 * machine's own tables.  Compiled as kernel code.  Prints "user-pages: ok", or the line of the first check
 * that failed and returns 1.
 */
#include "kernel/hal.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"

int user_pages_main(int argc, char **argv);

#define TERABYTE (1UL << 40)
#define LOW      HAL_USER_START
#define MIDDLE   (40 * TERABYTE)
#define HIGH     (HAL_USER_END - PAGE_SIZE)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			pr_err("user-pages: line %d: " #condition "\n", __LINE__);                 \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int check_map(phys_addr_t one, phys_addr_t two)
{
	unsigned int prot = 99;

	CHECK(hal_user_lookup(MIDDLE, &prot) == 0);
	CHECK(hal_user_map(MIDDLE, one, HAL_PROT_READ | HAL_PROT_WRITE) == 0);
	CHECK(hal_user_lookup(MIDDLE, &prot) == one && prot == (HAL_PROT_READ | HAL_PROT_WRITE));
	CHECK(hal_user_lookup(MIDDLE + PAGE_SIZE, NULL) == 0);
	CHECK(hal_user_map(MIDDLE, two, HAL_PROT_READ | HAL_PROT_EXEC) == 0);
	CHECK(hal_user_lookup(MIDDLE, &prot) == two && prot == (HAL_PROT_READ | HAL_PROT_EXEC));
	hal_user_protect(MIDDLE, 0);
	CHECK(hal_user_lookup(MIDDLE, &prot) == two && prot == 0);
	hal_user_protect(MIDDLE, HAL_PROT_READ);
	CHECK(hal_user_lookup(MIDDLE, &prot) == two && prot == HAL_PROT_READ);
	hal_user_protect(MIDDLE + PAGE_SIZE, HAL_PROT_READ);
	CHECK(hal_user_lookup(MIDDLE + PAGE_SIZE, NULL) == 0);
	CHECK(hal_user_unmap(MIDDLE) == two);
	CHECK(hal_user_unmap(MIDDLE) == 0);
	CHECK(hal_user_lookup(MIDDLE, NULL) == 0);
	return 0;
}

static int check_next(phys_addr_t one)
{
	CHECK(hal_user_next(LOW, HAL_USER_END) == HAL_USER_END);
	CHECK(hal_user_map(LOW, one, HAL_PROT_READ) == 0);
	CHECK(hal_user_map(MIDDLE, one, 0) == 0);
	CHECK(hal_user_map(HIGH, one, HAL_PROT_READ) == 0);
	CHECK(hal_user_next(LOW, HAL_USER_END) == LOW);
	CHECK(hal_user_next(LOW + PAGE_SIZE, HAL_USER_END) == MIDDLE);
	CHECK(hal_user_next(MIDDLE, HAL_USER_END) == MIDDLE);
	CHECK(hal_user_next(LOW + PAGE_SIZE, MIDDLE) == MIDDLE);
	CHECK(hal_user_next(LOW + PAGE_SIZE, MIDDLE - PAGE_SIZE) == MIDDLE - PAGE_SIZE);
	CHECK(hal_user_next(MIDDLE + PAGE_SIZE, HAL_USER_END) == HIGH);
	return 0;
}

/* Three pages that are far apart need three page tables in each of the levels 0, 1 and 2. */
static int check_free(u64 free_before)
{
	CHECK(nr_free_pages() == free_before - 9);
	hal_user_free_tables(0, HAL_USER_END);
	CHECK(nr_free_pages() == free_before - 9);
	hal_user_unmap(LOW);
	hal_user_unmap(MIDDLE);
	hal_user_free_tables(MIDDLE + TERABYTE, HAL_USER_END);
	CHECK(nr_free_pages() == free_before - 9);
	hal_user_free_tables(MIDDLE, MIDDLE + PAGE_SIZE);
	CHECK(nr_free_pages() == free_before - 6);
	hal_user_free_tables(0, HAL_USER_END);
	CHECK(nr_free_pages() == free_before - 3);
	hal_user_unmap(HIGH);
	hal_user_free_tables(HIGH, HAL_USER_END);
	CHECK(nr_free_pages() == free_before);
	return 0;
}

int user_pages_main(int argc, char **argv)
{
	u64 *one = get_free_pages(GFP_KERNEL | __GFP_ZERO, 0);
	u64 *two = get_free_pages(GFP_KERNEL | __GFP_ZERO, 0);
	u64 free_before;
	int wrong;

	(void)argc;
	(void)argv;
	CHECK(one && two);
	wrong = check_map(hal_virt_to_phys(one), hal_virt_to_phys(two));
	hal_user_free_tables(0, HAL_USER_END);
	free_before = nr_free_pages();
	if (!wrong)
		wrong = check_next(hal_virt_to_phys(one));
	if (!wrong)
		wrong = check_free(free_before);
	if (!wrong)
		pr_notice("user-pages: ok\n");
	return wrong;
}
