# `make count` compares the instructions that each operation costs with tests/count/counts.txt, and the size of the
# image with the limit in tests/count/size.py.
#
# Runs the hosted kernel in the shipped build, optimised like the machine's kernel, under valgrind.  The same binary
# gives the same count in each run, independent of the computer's load.

COUNT := $(B)/count
COUNT_FLAGS := -std=gnu11 -MMD -MP -g -O2 $(WARN) -I.
$(eval $(call hosted,$(B)/host-shipped,-O2 -fomit-frame-pointer,,shipped))

.PHONY: count
count: $(COUNT)/operations $(B)/host-shipped/libsoftnet.so $(B)/host/libsoftnet.so $(B)/softnet.elf $(B)/checked/softnet.elf
	@/usr/bin/python3 tests/count/size.py $(B)/softnet.elf
	@/usr/bin/python3 tests/count/count.py $(COUNT)/operations $(B)/host-shipped/libsoftnet.so
	cd tests/count && $(PYTEST) .

$(COUNT)/%.o: tests/count/%.c Makefile tests/count/count.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COUNT_FLAGS) -c $< -o $@
$(COUNT)/conductor.o: tests/host/conductor.c Makefile tests/count/count.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COUNT_FLAGS) -c $< -o $@
$(COUNT)/operations: $(COUNT)/operations.o $(COUNT)/conductor.o
	$(Q)$(HOSTCC) $^ -ldl -o $@
