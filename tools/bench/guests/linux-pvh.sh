# The guest of linux.sh, booted as an unpacked ELF through its PVH note, so that it does not unpack itself in the
# guest.
. "$ROOT/tools/bench/guests/linux.sh"
KERNEL=$LINUX_DIR/vmlinux
