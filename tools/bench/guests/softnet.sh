# softnet through its PVH door.  SOFTNET_APPEND: further words of its command line.
# nokaslr: profile and autopsy go by the addresses of the symbols; the Linux guest is told the same.
guest_build() {
	make -s -C "$ROOT" "build/$SOFTNET_BUILD/softnet.elf"
}
GUEST_IP=10.77.0.2
KERNEL=$ROOT/build/$SOFTNET_BUILD/softnet.elf
SYMBOLS=$KERNEL
APPEND="ip=$GUEST_IP/24 nokaslr ${SOFTNET_APPEND:-}"
LACKS=udp
