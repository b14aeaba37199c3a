# Debian's cloud kernel, with peer_server as the only program of an initramfs.
LINUX_DIR=$BENCH_CACHE/linux

linux_package() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1
}

guest_build() {
	mkdir -p "$LINUX_DIR"
	if [ ! -s "$LINUX_DIR/vmlinuz" ]; then
		rm -rf "$LINUX_DIR/pkg"
		mkdir -p "$LINUX_DIR/pkg"
		package=${LINUX_PACKAGE:-$(linux_package)}
		if [ -z "$package" ]; then
			apt-get update -qq
			package=$(linux_package)
		fi
		(cd "$LINUX_DIR" && rm -f ./*.deb && apt-get download "$package")
		dpkg-deb -x "$LINUX_DIR"/*.deb "$LINUX_DIR/pkg"
		cp "$LINUX_DIR"/pkg/boot/vmlinuz-* "$LINUX_DIR/vmlinuz"
	fi
	if [ ! -s "$LINUX_DIR/vmlinux" ]; then
		python3 "$ROOT/tools/bench/unpack_kernel.py" "$LINUX_DIR/vmlinuz" "$LINUX_DIR/vmlinux"
	fi
	make -s -C "$ROOT" build/bench/peer_server
	mods=
	for m in virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci \
		virtio_mmio failover net_failover virtio_net; do
		f=$(find "$LINUX_DIR/pkg/lib/modules" -name "$m.ko")
		[ -z "$f" ] || mods="$mods m/$m.ko=$f"
	done
	python3 "$ROOT/tools/bench/mkcpio.py" "$BUILD/linux-initrd" init="$BUILD/peer_server" $mods
}

GUEST_IP=10.77.0.2
KERNEL=$LINUX_DIR/vmlinuz
INITRD=$BUILD/linux-initrd

# These options make Linux faster under TCG.
#  init_on_alloc=0       Debian zeroes every page and slab object on allocation with `rep stosb`, which
#                        TCG runs one byte at a time: that costs more than everything else together
#  clearcpuid=112,297,580  hides rep_good, erms, fsrm: copies use plain moves, not `rep movs`
#  the rest              no security modules, cgroup accounting, hardening checks or watchdogs
APPEND="console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable preempt=none audit=0 nowatchdog \
init_on_alloc=0 clearcpuid=112,297,580 lsm=capability cgroup_disable=memory hardened_usercopy=off \
randomize_kstack_offset=off random.trust_cpu=on no_timer_check cryptomgr.notests \
sysctl.net.core.somaxconn=65535 sysctl.net.ipv4.tcp_max_syn_backlog=65535 \
sysctl.net.core.netdev_max_backlog=10000 sysctl.net.ipv4.tcp_no_metrics_save=1 ip=$GUEST_IP/24 ${LINUX_APPEND:-}"
