# `make packet` tests the interpreter of packet scripts and tests/wire/pkt.py, which it uses to build packets, and
# plays all scripts in tests/packet/scripts.
#
# To play single scripts, also from other test suites:	tests/packet/run FILE...

.PHONY: packet
packet: $(B)/host/libsoftnet.so
	cd tests/packet && $(PYTEST_MANY) . ../wire
