# softnet from its disk image through OVMF.  The image is one of its own: its command line is inside.
. "$ROOT/tools/bench/guests/softnet.sh"
guest_build() {
	make -s -C "$ROOT" image BUILD="$SOFTNET_BUILD" CMDLINE="ip=$GUEST_IP/24"
	cp "$ROOT/build/$SOFTNET_BUILD/softnet.img" "$BUILD/softnet-uefi.img"
}
KERNEL=
APPEND=
DISK=$BUILD/softnet-uefi.img
FIRMWARE=uefi
BOOT_TIMEOUT=60
