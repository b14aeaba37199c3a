# make bench: softnet beside a Linux guest, measured from outside.  See docs/performance.md.
#
#   make bench SETS=boot,speed,insn,mem,idle,loss ONLY=rr1,crr1 PAIRS=3 GUESTS="softnet linux"
#   IDLE=100000 opens at most this number of connections in the set idle; default: 200000
#   BUILD=checked measures the checked build; default: the shipped build
#   make profile ONLY=rr1,crr1 RUNS=5       instructions of each function, in the run with the median cost; BUILD as above
#   make bench-record                adds the last run as a column to docs/performance.md

N := $(B)/bench
BENCH_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror
NETBENCH := $(wildcard tools/bench/netbench/*.c)

.PHONY: bench bench-tools profile bench-soak bench-record
bench-tools: $(N)/netbench $(N)/relay $(N)/insn_count.so $(N)/hot_count.so
$(N)/netbench: $(NETBENCH) tools/bench/netbench/netbench.h
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) $(NETBENCH) -o $@
$(N)/relay: tools/bench/relay.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) $< -o $@
$(N)/%.so: tools/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -shared -fPIC $< -o $@
$(N)/peer_server: tools/bench/peer_server.c
	@mkdir -p $(@D)
	$(Q)musl-gcc $(BENCH_FLAGS) -static -s $< -o $@

GUESTS ?= softnet linux
BENCH := /usr/bin/python3 tools/bench/bench.py
BENCH_ONLY = $(if $(ONLY),--only $(ONLY))
BENCH_IDLE = $(if $(IDLE),--idle-max $(IDLE))

bench:
	@tools/setup bench
	@BENCH_SAID='make bench$(if $(SETS), SETS=$(SETS))$(if $(ONLY), ONLY=$(ONLY))$(if $(PAIRS), PAIRS=$(PAIRS))$(if $(IDLE), IDLE=$(IDLE))$(if $(BUILD), BUILD=$(BUILD))$(if $(filter command line environment,$(origin GUESTS)), GUESTS="$(GUESTS)")' \
		$(BENCH) run $(GUESTS) $(if $(SETS),--sets $(SETS)) $(BENCH_ONLY) $(BENCH_IDLE) $(if $(PAIRS),--pairs $(PAIRS))

profile:
	@tools/setup bench
	@$(BENCH) profile $(firstword $(GUESTS)) $(BENCH_ONLY) $(if $(RUNS),--runs $(RUNS))

# Boots the guest many times (BOOTS=60), each time with all short loads, and lists the boots in which one failed.
bench-soak:
	@tools/setup bench
	@$(BENCH) soak $(firstword $(GUESTS)) $(BENCH_ONLY) $(if $(BOOTS),--boots $(BOOTS))

bench-record:
	@$(BENCH) record $(N)/result.json

# Tests of the tools of make bench and make storm themselves, without a guest.
.PHONY: bench-test
bench-test: $(N)/relay $(N)/flood $(N)/readers
	cd tests/bench && $(PYTEST) .
