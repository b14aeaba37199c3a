# Compares the hosted kernel with the host's Linux (tests/differ).  `make differ SEEDS=20000` plays random scenarios
# on both (needs root and TUN).  `make differ-test`, a part of `make test`, plays the recorded scenarios on the
# hosted kernel alone, and on kernels that have one planted bug each, like the canaries of tests/sim/sim.mk.

DIFFER := $(B)/differ
DIFFER_BUGS := $(shell /usr/bin/python3 tests/differ/bugs.py)

.PHONY: differ differ-test differ-build
differ-build: $(B)/host/libsoftnet.so $(DIFFER_BUGS:%=$(DIFFER)/canary/%/libsoftnet.so)
differ: $(B)/host/libsoftnet.so
	tests/differ/run --seeds $(or $(SEEDS),2000) --from $(or $(FROM),1)
differ-test: differ-build
	cd tests/differ && $(PYTEST_MANY) .

$(DIFFER)/canary/%/libsoftnet.so: tests/differ/bugs.py $(B)/host/libsoftnet.so
	$(Q)f=$$(/usr/bin/python3 tests/differ/bugs.py $* $(@D)) && $(call canary-library,$$f)
