# The kernel's lower half on trial: `make kernel-test`.
#
# sched_test (built by the rule of the hosted images) under the sanitizers, and in the race build,
# where an interrupt may arrive at every edge of the code; each for a few seeds.

KERNEL_TEST_SEEDS := 0 1 2 3

.PHONY: kernel-test kernel-test-asan kernel-test-race
kernel-test: kernel-test-asan kernel-test-race
kernel-test-asan kernel-test-race: kernel-test-%: $(B)/host-%/sched_test
	@for s in $(KERNEL_TEST_SEEDS); do $< $$s >$<.log 2>&1 || \
		{ cat $<.log; echo "  FAIL  $< $$s"; exit 1; }; done; echo "  ok    $<"
