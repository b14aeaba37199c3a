# softnet, booted by its PVH entry.  SOFTNET_APPEND: further options for its command line.
# nokaslr: `make profile` (tools/bench/hot.py) and tools/bench/autopsy.py use the symbols' linked addresses.  The Linux
# guest has the same option.
guest_build() {
	make -s -C "$ROOT" "build/$SOFTNET_BUILD/softnet.elf"
}
GUEST_IP=10.77.0.2
KERNEL=$ROOT/build/$SOFTNET_BUILD/softnet.elf
SYMBOLS=$KERNEL
APPEND="ip=$GUEST_IP/24 nokaslr ${SOFTNET_APPEND:-}"
