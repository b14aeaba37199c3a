# The lines that the tests in a process reach: `make coverage`, with gcov, in build/cov.
#
# The same rules with --coverage in the sanitizers' place; every copy of the library adds its counts when
# it is unloaded.  Unit tests that link the applications are left out: libgcov would find the kernel's
# open() and read() there.  QEMU's tests are not counted.
# __gcov_dump is there for children that leave by _exit().

COVERAGE_LEFT_OUT := test_socket_args
COVERAGE_MAKE = $(MAKE) --no-print-directory B=$(B)/cov \
	ASAN_FLAGS='--coverage -fprofile-update=single -Wl,-u,__gcov_dump'

.PHONY: coverage
coverage:
	@tools/setup test
	@find $(B)/cov -name '*.gcda' -delete 2>/dev/null || true
	@$(COVERAGE_MAKE) $(JOBS) UNIT_LEFT_OUT='$(COVERAGE_LEFT_OUT)' unit >/dev/null
	@$(COVERAGE_MAKE) $(JOBS) hosted-build
	@SCENE_LIBRARY=$(B)/cov/host-asan/libsoftnet.so $(COVERAGE_MAKE) hosted-play >/dev/null
	@/usr/bin/python3 tests/coverage.py $(B)/cov/host-asan
