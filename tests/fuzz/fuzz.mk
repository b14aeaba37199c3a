# Fuzzers (tests/fuzz): `make fuzz-test` replays the corpora and plays a fixed number of random inputs; `make fuzz`
# plays each harness, or those that ONLY= names, for MINUTES=; `make fuzz-coverage` prints how much of net/ the corpora
# reach.
#
# The hosted kernel is compiled by clang, with libFuzzer's instrumentation above the seams, and linked into each harness.
# Its variables are one section, softnet_state, which snapshot.c restores before each input.  Calls of mmap, mprotect and
# dlsym from tests/host go to snapshot.c.

F := $(B)/fuzz
FUZZ_HARNESSES := $(patsubst tests/fuzz/harness/%.c,%,$(sort $(wildcard tests/fuzz/harness/*.c)))
# Objects of tests/fuzz that only one harness needs.
FUZZ_ALSO_fragments := reassembler
FUZZ_SANITIZE := -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -D__SANITIZE_ADDRESS__=1
FUZZ_EDGES := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=stack-depth
FUZZ_COUNT := -fprofile-instr-generate -fcoverage-mapping
FUZZ_WRAP := $(HOST_WRAP) $(SLAB_WRAP) -Wl,--wrap=mmap -Wl,--wrap=mprotect -Wl,--wrap=dlsym \
	-Wl,--wrap=hal_copy_user
FUZZ_WARN := $(WARN) -Wno-address-of-packed-member -Wno-gnu-folding-constant -Wno-unknown-warning-option

FUZZ_FREESTANDING := -std=gnu11 -ffreestanding -nostdlibinc -fno-strict-aliasing -fno-common -fwrapv \
	-fno-delete-null-pointer-checks -MMD -MP -g $(FUZZ_WARN)
# Links the objects $(1) into the kernel $(2).
fuzz-kernel = clang -nostdlib -r -Wl,-T,tests/fuzz/state.lds $(FUZZ_WRAP) $(1) -o $(2) && \
	objcopy --localize-hidden --set-section-alignment softnet_state=4096 $(2)

# $(1): folder; $(2): flags of all objects; $(3): flags of the objects above the seams.
define fuzz-flavour
$(call hosted,$(1)/kernel,$(2),$(3))
$$($(1)/kernel_OBJ): HOSTCC := clang
$$($(1)/kernel_OBJ): WARN := $$(FUZZ_WARN)
$$($(1)/kernel_OBJ): FREESTANDING := $$(FUZZ_FREESTANDING)
$(1)/kernel.o: $$($(1)/kernel_OBJ) tests/fuzz/state.lds tests/fuzz/fuzz.mk
	$$(Q)$$(call fuzz-kernel,$$($(1)/kernel_OBJ),$$@)
# Compiles and links a harness, the engine and the kernel.  snapshot.c is compiled without sanitizers, because it reads
# poisoned memory.
$(1)/%.o: tests/fuzz/%.c Makefile tests/fuzz/fuzz.mk
	@mkdir -p $$(@D)
	$$(Q)clang -std=gnu11 -MMD -MP -g -O1 $$(WARN) -I. $(2) $$(if $$(filter snapshot,$$*),-fno-sanitize=all) -c $$< -o $$@
$$(FUZZ_HARNESSES:%=$(1)/%): $(1)/%: $(1)/harness/%.o $(1)/engine.o $(1)/snapshot.o $(1)/wire.o $(1)/kernel.o
	$$(Q)clang $(2) -fsanitize=fuzzer -no-pie $$^ -ldl -o $$@
$(foreach h,$(FUZZ_HARNESSES),$(if $(FUZZ_ALSO_$(h)),$(1)/$(h): $(FUZZ_ALSO_$(h):%=$(1)/%.o)))
endef
$(eval $(call fuzz-flavour,$(F),$(FUZZ_SANITIZE),$(FUZZ_EDGES)))
$(eval $(call fuzz-flavour,$(B)/fuzz-cov,$(FUZZ_SANITIZE) $(FUZZ_COUNT),$(FUZZ_EDGES)))
.PHONY: fuzz-build fuzz fuzz-test fuzz-coverage fuzz-canary
fuzz-build: $(FUZZ_HARNESSES:%=$(F)/%)
fuzz-test: fuzz-build
	@tests/fuzz/run test
	@tests/fuzz/scripts.py test
MINUTES ?= 10
fuzz: fuzz-build
	@tests/fuzz/run fuzz $(MINUTES) $(ONLY)
fuzz-coverage: $(FUZZ_HARNESSES:%=$(B)/fuzz-cov/%)
	@tests/fuzz/run coverage

# Builds a harness whose kernel has a bug in one source (bugs.py).
FUZZ_PLANTED := $(FUZZ_HARNESSES:%=$(F)/canary/%/harness)
$(FUZZ_PLANTED): HOSTCC := clang
$(FUZZ_PLANTED): WARN := $(FUZZ_WARN)
$(FUZZ_PLANTED): $(F)/canary/%/harness: tests/fuzz/bugs.py $(F)/% $(F)/kernel.o
	@mkdir -p $(@D)
	$(Q)f=$$(/usr/bin/python3 tests/fuzz/bugs.py $* $(@D)) && \
	clang $(FUZZ_FREESTANDING) $(HOST_FLAGS) $(FUZZ_SANITIZE) $(FUZZ_EDGES) $(HOST_INC) -I$$(dirname $$f) -MF /dev/null \
		-c $(@D)/$$f -o $(@D)/bug.o && \
	$(call fuzz-kernel,$$(printf '%s\n' $($(F)/kernel_OBJ) | grep -vx "$(F)/kernel/$$f.o") $(@D)/bug.o,$(@D)/kernel.o)
	$(Q)clang $(FUZZ_SANITIZE) -fsanitize=fuzzer -no-pie $(F)/harness/$*.o $(F)/engine.o $(F)/snapshot.o $(F)/wire.o \
		$(FUZZ_ALSO_$*:%=$(F)/%.o) $(@D)/kernel.o -ldl -o $@
fuzz-canary: $(FUZZ_PLANTED)
	@tests/fuzz/run canary
.PRECIOUS: $(F)/%.o $(F)/harness/%.o
