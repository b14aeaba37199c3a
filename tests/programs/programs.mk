# Programs that run unchanged on Linux and on softnet.

PROGRAM_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull
CONFORMANCE_SRC := $(sort $(wildcard tests/programs/conformance/*.c))

# Invalid addresses and sizes are passed on purpose: the compiler's warnings about them are off.
$(B)/programs/conformance: $(CONFORMANCE_SRC) tests/programs/conformance/check.h tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) $(CONFORMANCE_SRC) -o $@

# Attacks on the kernel from ring 3: tests/programs/hostile/hostile.h.
HOSTILE_SRC := $(sort $(wildcard tests/programs/hostile/*.c))
$(B)/programs/hostile: $(HOSTILE_SRC) tests/programs/hostile/hostile.h tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) -Wno-unused-result -Wno-array-bounds -Wno-infinite-recursion $(HOSTILE_SRC) -o $@

# One file each: random calls from ring 3, threads under load.
$(B)/programs/fuzz $(B)/programs/stress: $(B)/programs/%: tests/programs/%.c tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) -Wno-unused-result $< -o $@

PROGRAMS := $(addprefix $(B)/programs/,conformance hostile fuzz stress)

# Linux programs, unmodified, on Linux and in the machine.
.PHONY: test-programs
test-programs: $(PROGRAMS) $(B)/checked/softnet.elf $(B)/softnet.elf
	cd tests/programs && $(PYTEST) -n $(QEMUS) .
