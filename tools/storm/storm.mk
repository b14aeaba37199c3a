# make storm: floods at each rate of RATES (full: as fast as the tap takes them), and slow readers, beside a client;
# softnet, then the Linux guest.  Needs root.  See docs/storm.md.
#
#   make storm ONLY=syn,arp SECS=5 RATES=full,20000 ROUNDS=3 GUESTS="softnet linux"

STORM_TOOLS := $(N)/flood $(N)/readers

.PHONY: storm storm-tools
storm-tools: $(STORM_TOOLS)
$(STORM_TOOLS): $(N)/%: tools/storm/%.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) $< -o $@

storm: storm-tools
	@tools/setup bench
	@/usr/bin/python3 tools/storm/storm.py $(GUESTS) $(if $(ONLY),--only $(ONLY)) $(if $(SECS),--secs $(SECS)) $(if $(RATES),--rates $(RATES)) $(if $(ROUNDS),--rounds $(ROUNDS))
