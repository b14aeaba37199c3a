# The kernel of linux.sh on -machine microvm (virtio-mmio found through ACPI, no PCI, qboot).
# pit=on: without a PIT this kernel finds no TSC frequency under TCG and stops.
. "$ROOT/tools/bench/guests/linux.sh"
MACHINE=microvm,pit=on,pic=on,rtc=on
NIC=virtio-net-device
