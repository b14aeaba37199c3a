# The laboratory (docs/lab.md): `make lab` runs an experiment and draws its figure; `make figures` draws those of
# docs/figures.  The engine, a library for Python, simulates the clock and the network of an experiment.

LAB := $(B)/lab
LAB_OBJ := $(patsubst tools/lab/engine/%.c,$(LAB)/%.o,$(sort $(wildcard tools/lab/engine/*.c))) $(LAB)/capture.o
LAB_FLAGS := -std=gnu11 -MMD -MP -g -O2 -fPIC -fvisibility=hidden $(WARN) -I.

.PHONY: lab lab-build lab-app figures
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

# `make lab-app APP=server.c` makes build/lab/server.so, a hosted kernel that has this program in place of those of
# apps/: lab.host("app=server") runs it.
LAB_APP = $(LAB)/$(basename $(notdir $(value APP)))
LAB_APP_CC = $(HOSTCC) $(filter-out $(WARN) -MMD -MP,$(FREESTANDING)) $(HOST_FLAGS) $(APP_INC) -Wall
lab-app: lab-build
	@[ -f "$$APP" ] || { echo "make lab-app APP=program.c: $${APP:+there is no $$APP}" >&2; exit 2; }
	@printf '%s\n' '#include "init/apps.h"' '#include <stddef.h>' 'int program_main(int argc, char **argv);' \
		'const struct app_entry app_table[] = {{"$(notdir $(LAB_APP))", program_main}, {NULL, NULL}};' >$(LAB_APP).table.c
	$(Q)$(LAB_APP_CC) -Dmain=program_main -c "$$APP" -o $(LAB_APP).o
	$(Q)$(LAB_APP_CC) -c $(LAB_APP).table.c -o $(LAB_APP).table.o
	$(Q)$(HOSTCC) -nostdlib -r $(HOST_WRAP) $(SLAB_WRAP) $(LAB_APP).o $(LAB_APP).table.o \
		$(filter-out $(B)/host/apps/% $(B)/host/$(APP_TABLE).o,$($(B)/host_OBJ)) -o $(LAB_APP).all.o
	$(Q)objcopy --localize-hidden $(LAB_APP).all.o
	$(Q)$(HOSTCC) -shared -Wl,-Bsymbolic -Wl,-z,defs -Wl,-z,noexecstack $(LAB_APP).all.o -o $(LAB_APP).so
	@echo "  $(LAB_APP).so"

lab:
	@tools/setup lab
	@$(MAKE) --no-print-directory $(JOBS) lab-build
	@/usr/bin/python3 tools/lab/example.py

# Draws all figures, or those of FIGURES="sawtooth incast".
figures:
	@tools/setup lab
	@$(MAKE) --no-print-directory $(JOBS) lab-build
	@/usr/bin/python3 tools/lab/figures/draw.py $(FIGURES)
