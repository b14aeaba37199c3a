# `make kernel-test` tests the kernel without the network.
#
# Runs KERNEL_TESTS (built by a rule of the hosted images) under the sanitizers, and in the race build, where an
# interrupt may arrive at each edge of the control flow; both with a few seeds.

KERNEL_TEST_SEEDS := 0 1 2 3

.PHONY: kernel-test kernel-test-asan kernel-test-race
kernel-test: kernel-test-asan kernel-test-race
kernel-test-asan: $(KERNEL_TESTS:%=$(B)/host-asan/%)
kernel-test-race: $(KERNEL_TESTS:%=$(B)/host-race/%)
kernel-test-asan kernel-test-race:
	@for t in $^; do for s in $(KERNEL_TEST_SEEDS); do $(PLAY_ENV) $$t $$s >$$t.log 2>&1 || \
		{ cat $$t.log; echo "  FAIL  $$t $$s"; exit 1; }; done; echo "  ok    $$t"; done
