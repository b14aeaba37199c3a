# Packet scripts: `make packet` tests the interpreter, with what it makes packets (tests/wire/pkt.py), and plays
# tests/packet/scripts.
#
# One script, or any other people's:	tests/packet/run FILE...

.PHONY: packet
packet: $(B)/host/libsoftnet.so
	cd tests/packet && $(PYTEST) . ../wire
