# The same, booted as an unpacked ELF through its PVH note (no unpacking inside the guest).
. "$ROOT/tools/bench/guests/linux.sh"
KERNEL=$LINUX_DIR/vmlinux
