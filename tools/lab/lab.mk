# The laboratory (docs/lab.md): `make lab` runs an experiment and draws its figure; `make figures` draws those of
# docs/figures.  The engine, a library for Python, simulates the clock and the network of an experiment.

LAB := $(B)/lab
LAB_OBJ := $(patsubst tools/lab/engine/%.c,$(LAB)/%.o,$(sort $(wildcard tools/lab/engine/*.c))) $(LAB)/capture.o
LAB_FLAGS := -std=gnu11 -MMD -MP -g -O2 -fPIC -fvisibility=hidden $(WARN) -I.

.PHONY: lab lab-build figures
$(LAB)/%.o: tools/lab/engine/%.c Makefile tools/lab/lab.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(LAB_FLAGS) -c $< -o $@
$(LAB)/capture.o: tests/wire/capture.c Makefile tools/lab/lab.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(LAB_FLAGS) -c $< -o $@
$(LAB)/liblab.so: $(LAB_OBJ)
	$(Q)$(HOSTCC) -shared -Wl,-z,defs $^ -lm -o $@
	@echo "  $@"
lab-build: $(LAB)/liblab.so $(B)/host/libsoftnet.so

lab:
	@tools/setup lab
	@$(MAKE) --no-print-directory $(JOBS) lab-build
	@/usr/bin/python3 tools/lab/example.py

# All figures, or those of FIGURES="sawtooth incast".
figures:
	@tools/setup lab
	@$(MAKE) --no-print-directory $(JOBS) lab-build
	@/usr/bin/python3 tools/lab/figures/draw.py $(FIGURES)
