# The simulator (tests/sim): `make sim` plays seeds, some of them under the sanitizers, checks that planted
# bugs are found, and compares the table of goodput.  `make sim-long` plays more seeds.
#
# The simulator's own program is built without sanitizers; the kernels are copies of the library that it is
# given.  A canary is the ordinary library with a bug planted in one object (canary.py).

SIM := $(B)/sim
SIM_OBJ := $(patsubst tests/sim/%.c,$(SIM)/%.o,$(sort $(wildcard tests/sim/*.c))) $(SIM)/conductor.o $(SIM)/capture.o
SIM_FLAGS := -std=gnu11 -MMD -MP -g -O2 $(WARN) -I.
SIM_RUN := /usr/bin/python3 tests/sim/run
SIM_CANARIES := $(shell /usr/bin/python3 tests/sim/canary.py)
SIM_CANARY_LIBS := $(SIM_CANARIES:%=$(SIM)/canary/%/libsoftnet.so)

.PHONY: sim sim-build sim-long sim-canaries
sim-build: $(SIM)/sim $(B)/host/libsoftnet.so
sim: sim-build lab-build $(B)/host-asan/libsoftnet.so $(SIM_CANARY_LIBS)
	$(SIM_RUN) --seeds 2000 --from 1
	$(SIM_RUN) --seeds 200 --from 100001 --library $(B)/host-asan/libsoftnet.so
	cd tests/sim && $(PYTEST) .
sim-long: sim-build $(B)/host-asan/libsoftnet.so
	$(SIM_RUN) --seeds 50000 --from 1
	$(SIM_RUN) --seeds 3000 --from 100001 --library $(B)/host-asan/libsoftnet.so

$(SIM)/%.o: tests/sim/%.c Makefile tests/sim/sim.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(SIM_FLAGS) -c $< -o $@
$(SIM)/conductor.o: tests/host/conductor.c Makefile tests/sim/sim.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(SIM_FLAGS) -c $< -o $@
$(SIM)/capture.o: tests/wire/capture.c Makefile tests/sim/sim.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(SIM_FLAGS) -c $< -o $@
$(SIM)/sim: $(SIM_OBJ)
	$(Q)$(HOSTCC) $^ -ldl -o $@
	@echo "  $@"

# Builds the library with the object of source $(1) replaced; the copy of $(1) with the bug is in the
# target's folder.
canary-library = $(HOSTCC) $(FREESTANDING) $(HOST_FLAGS) $(HOST_INC) -I$$(dirname $(1)) -MF /dev/null \
		-c $(@D)/$(1) -o $(@D)/bug.o && \
	$(HOSTCC) -shared -Wl,-Bsymbolic -Wl,-z,defs -Wl,-z,noexecstack $(HOST_WRAP) $(SLAB_WRAP) \
		$$(printf '%s\n' $($(B)/host_OBJ) | grep -vx "$(B)/host/$(1).o") $(@D)/bug.o -o $@

$(SIM)/canary/%/libsoftnet.so: tests/sim/canary.py $(B)/host/libsoftnet.so
	$(Q)f=$$(/usr/bin/python3 tests/sim/canary.py $* $(@D)) && $(call canary-library,$$f)
