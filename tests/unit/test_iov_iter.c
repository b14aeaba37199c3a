/* SPDX-License-Identifier: MIT */
/*
 * iov_iter, an application's list of buffers: tests copies to and from random buffers, and that the
 * byte count after a fault is exact.
 */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"

#define BYTES 2000

static u8 user[BYTES], kernel[BYTES], want[BYTES];

/* Splits user[] into random segments, some of them empty; returns their number. */
static unsigned int cut(struct iovec *iov, unsigned int max)
{
	unsigned int n = 0;
	size_t at = 0;

	while (at < BYTES) {
		size_t len = unit_random() % 4 ? unit_random() % 100 : 0;

		if (n == max - 1 || len > BYTES - at)
			len = BYTES - at;
		iov[n++] = (struct iovec){user + at, len};
		at += len;
	}
	return n;
}

static void random_bytes(u8 *p)
{
	for (int i = 0; i < BYTES; i++)
		p[i] = unit_random();
}

static void test_copies_in_random_pieces(void **state)
{
	struct iovec iov[64];

	for (int round = 0; round < 2000; round++) {
		unsigned int nr = cut(iov, ARRAY_SIZE(iov));
		struct iov_iter i = {.iov = iov, .nr_segs = nr, .count = BYTES};
		bool to_user = round % 2;
		size_t at = 0;

		random_bytes(user);
		random_bytes(kernel);
		memcpy(want, to_user ? kernel : user, BYTES);
		while (iov_iter_count(&i)) {
			size_t n = unit_random() % 300, left = BYTES - at, done;

			done = to_user ? copy_to_iter(kernel + at, n, &i)
				       : copy_from_iter(kernel + at, n, &i);
			assert_int_equal(done, n < left ? n : left);
			at += done;
			assert_int_equal(iov_iter_count(&i), BYTES - at);
		}
		assert_int_equal(at, BYTES);
		assert_memory_equal(to_user ? user : kernel, want, BYTES);
		assert_int_equal(copy_to_iter(kernel, 1, &i), 0);
	}
}

static void test_fault_is_exact(void **state)
{
	struct iovec iov[64];

	for (int round = 0; round < 2000; round++) {
		unsigned int nr = cut(iov, ARRAY_SIZE(iov));
		struct iov_iter i = {.iov = iov, .nr_segs = nr, .count = BYTES};
		size_t bad = unit_random() % BYTES;

		random_bytes(user);
		unit_bad_range(user + bad, 1 + unit_random() % 50);
		assert_int_equal(copy_from_iter(kernel, BYTES, &i), bad);
		assert_int_equal(iov_iter_count(&i), BYTES - bad);
		assert_memory_equal(kernel, user, bad);
		assert_int_equal(copy_from_iter(kernel, BYTES, &i), 0);
		/* The copy stopped at the fault; it can continue there once the page is mapped. */
		unit_bad_range(NULL, 0);
		assert_int_equal(copy_from_iter(kernel + bad, BYTES, &i), BYTES - bad);
		assert_memory_equal(kernel, user, BYTES);
	}
}

/* import_iovec() copies and checks a list of buffers.  LIMIT(IOV_MAX_SEGMENTS) LIMIT(MAX_RW_COUNT) */
static void test_import(void **state)
{
	static struct iovec many[IOV_MAX_SEGMENTS + 1];
	struct iovec fast[4], uvec[8] = {{user, 10}, {user + 10, 0}, {user + 10, 20}};
	struct iovec *heap;
	struct iov_iter i;

	unit_memory(8192, true);
	assert_int_equal(import_iovec(uvec, 3, 4, fast, &heap, &i), 30);
	assert_null(heap);
	assert_ptr_equal(i.iov, fast);
	assert_int_equal(import_iovec(uvec, 3, 2, fast, &heap, &i), 30);
	assert_non_null(heap);
	kfree(heap);
	assert_int_equal(import_iovec(uvec, 0, 4, fast, &heap, &i), 0);

	assert_int_equal(import_iovec(many, IOV_MAX_SEGMENTS + 1, 4, fast, &heap, &i), -EINVAL);
	assert_int_equal(import_iovec(many, IOV_MAX_SEGMENTS, 4, fast, &heap, &i), 0);
	kfree(heap);

	uvec[1].iov_len = 1UL << 63;
	assert_int_equal(import_iovec(uvec, 3, 2, fast, &heap, &i), -EINVAL);
	assert_null(heap);
	uvec[1].iov_len = MAX_RW_COUNT;
	assert_int_equal(import_iovec(uvec, 3, 4, fast, &heap, &i), MAX_RW_COUNT);
	assert_int_equal(fast[1].iov_len, MAX_RW_COUNT - 10);
	assert_int_equal(fast[2].iov_len, 0);

	unit_bad_range(&uvec[1], 1);
	assert_int_equal(import_iovec(uvec, 3, 2, fast, &heap, &i), -EFAULT);
	unit_bad_range(NULL, 0);
	unit_fail_after(0);
	assert_int_equal(import_iovec(uvec, 3, 2, fast, &heap, &i), -ENOMEM);
	assert_int_equal(kmalloc_size_roundup(1), 16);
}

static void test_strncpy_from_user(void **state)
{
	char src[16] = "hello", dst[16];

	assert_int_equal(strncpy_from_user(dst, src, sizeof(dst)), 5);
	assert_string_equal(dst, "hello");
	assert_int_equal(strncpy_from_user(dst, src, 6), 5);
	assert_int_equal(strncpy_from_user(dst, src, 5), -ENAMETOOLONG);
	unit_bad_range(src + 6, 1); /* the byte after the NUL must not be read */
	assert_int_equal(strncpy_from_user(dst, src, sizeof(dst)), 5);
	unit_bad_range(src + 5, 1);
	assert_int_equal(strncpy_from_user(dst, src, sizeof(dst)), -EFAULT);
	unit_bad_range(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_in_random_pieces),
		cmocka_unit_test(test_fault_is_exact),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_strncpy_from_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
