# softnet from a disk image through OVMF.  The image is built for this guest, because it contains the command line.
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
