# `make coverage` shows which lines the unit tests and the hosted tests execute, with gcov, in build/cov.
#
# The rules are those of the sanitizer build, with --coverage instead of the sanitizers.  Each copy of the hosted
# library adds its counts when it is unloaded.  Unit tests that link the applications are left out, because libgcov
# would call the kernel's open() and read() there.  Tests in QEMU are not counted.
# Children that end with _exit() call __gcov_dump themselves, so it is linked in.

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
