# The image of softnet.sh on -machine microvm: no PCI and no ACPI.  The kernel finds the card by
# virtio_mmio.device=, which QEMU adds to the command line.
. "$ROOT/tools/bench/guests/softnet.sh"
MACHINE=microvm,acpi=off
NIC=virtio-net-device
EXTRA_ARGS="-global virtio-mmio.force-legacy=false"
