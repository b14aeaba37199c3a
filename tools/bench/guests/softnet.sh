# softnet, booted through its PVH door.  SOFTNET_APPEND: further options for its command line.
# nokaslr: profile and autopsy use the symbols' linked addresses; the Linux guest has the same option.
guest_build() {
	make -s -C "$ROOT" "build/$SOFTNET_BUILD/softnet.elf"
}
GUEST_IP=10.77.0.2
KERNEL=$ROOT/build/$SOFTNET_BUILD/softnet.elf
SYMBOLS=$KERNEL
APPEND="ip=$GUEST_IP/24 nokaslr ${SOFTNET_APPEND:-}"
LACKS=udp
