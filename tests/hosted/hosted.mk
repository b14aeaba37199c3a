# Scenes, which are tests of two hosted kernels on a wire (scene.h): `make hosted` builds and runs
# build/hosted/test_*, and the trace test.
#
# Each program is linked with the scene library and the conductor.  It loads the sanitizer build's library
# once for each kernel.  SEED= chooses another run; an argument selects scenes by a part of their names:
#	build/hosted/test_loss first_data

H := $(B)/hosted
HOSTED_TESTS := $(patsubst tests/hosted/%.c,$(H)/%,$(sort $(wildcard tests/hosted/test_*.c)))
HOSTED_COMMON := $(H)/scene.o $(H)/beside.o $(H)/scene_wire.o $(H)/scene_proc.o $(H)/scene_forge.o $(H)/conductor.o
HOSTED_FLAGS := -std=gnu11 -MMD -MP -g -O1 -fno-omit-frame-pointer $(WARN) \
	-Wno-missing-prototypes $(ASAN_FLAGS) $(HOST_INC)

.PHONY: hosted hosted-build
hosted-build: $(HOSTED_TESTS) $(H)/month $(B)/host-asan/libsoftnet.so
hosted: hosted-build $(B)/host/libsoftnet.so $(B)/host-trace/libsoftnet.so
	@$(MAKE) --no-print-directory -k hosted-python hosted-sites hosted-month

HOSTED_PLAYS := $(patsubst %,%.play,$(filter-out $(H)/test_race $(H)/test_steps $(H)/test_reconnect,$(HOSTED_TESTS)))
.PHONY: hosted-python hosted-play hosted-sites $(HOSTED_PLAYS)
hosted-python:
	cd tests/hosted && $(PYTEST) .
hosted-play: $(HOSTED_PLAYS)
$(HOSTED_PLAYS): %.play: %
	@rm -f $*.sites; export REFUSED_SITES=$*.sites; $(call play,$*)
# "month" plays 52 days of virtual time; "hosted-month" plays a short form with the sanitizers. CONNECTIONS=, MIB= and
# SEED= change the long form.
.PHONY: month hosted-month
$(H)/month: $(H)/month.o $(H)/conductor.o
	$(Q)$(HOSTCC) $(ASAN_FLAGS) $^ -ldl -o $@
$(H)/month-plain: tests/hosted/month.c tests/host/conductor.c Makefile tests/hosted/hosted.mk
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARN) -Wno-missing-prototypes $(HOST_INC) $(filter %.c,$^) -ldl -o $@
hosted-month: $(H)/month $(B)/host-asan/libsoftnet.so
	@$(PLAY_ENV) $(H)/month $(B)/host-asan/libsoftnet.so 500 64 >$(H)/month.log 2>&1 && echo "  ok    $$(cat $(H)/month.log)" || \
		{ cat $(H)/month.log; echo "  FAIL  52 days"; exit 1; }
month: $(H)/month-plain $(B)/host/libsoftnet.so
	@$(H)/month-plain $(B)/host/libsoftnet.so $(or $(CONNECTIONS),2000000) $(or $(MIB),4500) $(or $(SEED),1)

# Checks that the scenes made each allocation of net/ fail.
hosted-sites: hosted-play
	@tests/hosted/alloc_sites.py $(B)/host-asan/libsoftnet.so $(H)/test_*.sites >$(H)/alloc_sites.log && \
		echo "  ok    $$(head -n 1 $(H)/alloc_sites.log)" || \
		{ cat $(H)/alloc_sites.log; echo "  FAIL  allocations that no scene makes fail"; exit 1; }

$(H)/%.o: tests/hosted/%.c Makefile tests/hosted/hosted.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTED_FLAGS) -c $< -o $@
$(H)/test_proc.o: $(B)/generated/version.h
$(H)/conductor.o: tests/host/conductor.c Makefile tests/hosted/hosted.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTED_FLAGS) -c $< -o $@
$(H)/test_matrix: $(patsubst tests/hosted/%.c,$(H)/%.o,$(wildcard tests/hosted/matrix*.c))
$(H)/test_race: $(patsubst tests/hosted/%.c,$(H)/%.o,$(wildcard tests/hosted/race*.c))
$(H)/test_dhcp $(H)/test_dhcp_lies: $(H)/dhcp_peer.o
$(H)/test_refused $(H)/test_refused_calls $(H)/test_refused_datagrams: $(H)/refused.o
$(HOSTED_TESTS): $(H)/test_%: $(H)/test_%.o $(HOSTED_COMMON)
	$(Q)$(HOSTCC) $(ASAN_FLAGS) $^ -lcmocka -ldl -o $@

# Plays the races, in the race build, with seeds 1 to SEEDS.  Eight seeds together interrupt at every edge of the code.
RACE_SEEDS = $(or $(SEEDS),4)
RACE_LIST = $(or $(shell seq $(RACE_SEEDS) 2>/dev/null),$(error SEEDS=$(SEEDS): a whole number from 1))
.PHONY: race steps
race: $(H)/test_race $(B)/host-race/libsoftnet.so steps
	@$(MAKE) --no-print-directory $(RACE_LIST:%=race-seed-%)
	@echo "  ok    races, an interrupt at any edge: $(RACE_SEEDS) seeds"
race-seed-%: FORCE
	@SEED=$* SCENE_LIBRARY=$(B)/host-race/libsoftnet.so $(PLAY_ENV) $(H)/test_race >$(H)/$@.log 2>&1 || \
		{ cat $(H)/$@.log; echo "  FAIL  races, seed $*"; exit 1; }

# Measures how many edges of the race build an ACK takes, and how many a connect() takes.
steps: step-steps step-reconnect
step-%: $(H)/test_% $(B)/host-race/libsoftnet.so FORCE
	@SCENE_LIBRARY=$(B)/host-race/libsoftnet.so $(PLAY_ENV) $(H)/test_$* >$(H)/test_$*.log 2>&1 && \
		echo "  ok    the work of $(WORK_$*)" || { cat $(H)/test_$*.log; echo "  FAIL  the work of $(WORK_$*)"; exit 1; }
WORK_steps := an ACK
WORK_reconnect := a connect() beside TIME_WAITs

include tests/hosted/canary.mk

.PRECIOUS: $(H)/%.o
