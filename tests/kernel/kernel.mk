# `make kernel-test` tests the kernel without the network.
#
# Runs sched_test (built by the rule of the hosted images) under the sanitizers, and in the race build, where an
# interrupt may arrive at each edge of the control flow; both with a few seeds.

KERNEL_TEST_SEEDS := 0 1 2 3

.PHONY: kernel-test kernel-test-asan kernel-test-race
kernel-test: kernel-test-asan kernel-test-race
kernel-test-asan kernel-test-race: kernel-test-%: $(B)/host-%/sched_test
	@for s in $(KERNEL_TEST_SEEDS); do $< $$s >$<.log 2>&1 || \
		{ cat $<.log; echo "  FAIL  $< $$s"; exit 1; }; done; echo "  ok    $<"
