# softnet.  `make run` boots it, `make test` tests it, `make help` lists the other targets.
#
# The machine's image (build/softnet.elf) and the hosted ones (build/host/libsoftnet.so, build/host-asan/libsoftnet.so)
# are built from one list of sources.  They differ only below the seams: the machine's image has kernel/x86 and the
# drivers of virtio's transports (PCI and MMIO), a hosted image has tests/host.
#
# The machine's image has two builds.  checked: locks that know their holder, stack protector, frame pointers; tests and
# make debug use it.  shipped: none of these; make run, make image and the benches use it. build/checked and
# build/shipped hold them; build/softnet.elf, .efi and .img are links to the shipped ones. softnet-test.elf, beside each
# softnet.elf, is the same kernel with the applications of tests/qemu/kernel.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
SHELL := /bin/bash
B ?= build
CC := gcc
HOSTCC := gcc
V ?=
Q := $(if $(V),,@)

# tools/run reads these variables from its environment.  It gets them unexpanded, with any quotes in them.
RUN_VARS := APP ARGS FILES BOOT PORT FWD NET MEM MACHINE PCAP ACCEL CMDLINE BUILD
$(foreach v,$(RUN_VARS),$(eval override $(v) := $$(value $(v)))$(eval export $(v)))

# ---- sources ------------------------------------------------------------------------------------
COMMON_DIRS := init kernel kernel/mm kernel/sched kernel/sched/checked kernel/time kernel/fs kernel/lib kernel/process \
	drivers drivers/virtio net net/core net/inet net/ipv4 net/netlink net/tcp net/unix
# Sources below the seams that only the machine's image has.
TRANSPORTS := $(sort $(wildcard drivers/pci*.c drivers/virtio/virtio_pci*.c)) drivers/virtio/virtio_mmio.c
MACHINE_SRC := $(filter-out boot/efi_%,$(sort $(wildcard boot/*.c boot/*.S kernel/x86/*.c \
	kernel/x86/*.S kernel/x86/checked/*.c kernel/x86/shipped/*.c))) $(TRANSPORTS)
# The UEFI application, which contains the machine's image.  It is a separate program; the files of kernel/ are linked
# into both.
EFI_SRC := $(sort $(wildcard boot/efi_*.c)) boot/efi_blob.S kernel/x86/memmap.c kernel/lib/string.c \
	kernel/lib/vsprintf.c kernel/time/calendar.c
# The vDSO: a shared object for the program, linked on its own.  kernel/x86/vdso_image.S has it in the kernel.
VDSO_SRC := kernel/x86/vdso/vdso.c
# Sources below the seams that only the hosted kernel has.
HOST_SRC := $(filter-out tests/host/conductor.c,$(sort $(wildcard tests/host/*.c)))
# Sources above the seams, which both have.
COMMON_SRC := $(filter-out $(TRANSPORTS),$(sort $(foreach d,$(COMMON_DIRS),$(wildcard $(d)/*.c))))
# Programs inside the kernel, on a small C library: those of apps/, in the hosted kernels and in softnet-test.elf.
HOST_APP := tests/host/app
APP_SRC := $(sort $(wildcard $(HOST_APP)/*.c $(HOST_APP)/libc/*.c apps/*.c))
# The part of the kernel that only these programs use.
RING0_SRC := $(sort $(wildcard init/ring0/*.c))
# The pack that is linked into the machine's image.
PACK := $(B)/apps/inetd.cpio
# Applications that only softnet-test.elf has.  One of these files is its table, in place of APP_TABLE.
TEST_APP_SRC := $(sort $(wildcard tests/qemu/kernel/*.c tests/qemu/kernel/inside/*.c \
	tests/qemu/kernel/inside/*.S))
APP_TABLE := $(HOST_APP)/apps.c
# sources_of: of the files $(2), those that belong to the build $(1).
BUILDS := checked shipped
sources_of = $(filter-out $(foreach b,$(filter-out $(1),$(BUILDS)),kernel/sched/$(b)/% kernel/x86/$(b)/%),$(2))

# Files whose code runs at boot, in reports, in rare system calls or for /proc: compiled for size.  The path of a packet
# and the calls that a connection makes are in none of them.
COLD := boot/% init/% drivers/pci% $(addprefix drivers/virtio/,virtio virtio_mmio virtio_net virtio_net_ctrl virtio_pci% virtio_rng) \
	$(addprefix kernel/,cmdline console loglevel panic printk ratelimit shutdown strace sysctl timeline version) \
	$(addprefix kernel/fs/,attr console cpio dcache devices initramfs names namei open proc% readdir splice stat timerfd) \
	kernel/lib/kstrto kernel/lib/vsprintf net/ipv4/igmp% net/ipv4/ip_mc_% $(addprefix kernel/mm/,madvise mmap) \
	$(addprefix kernel/process/,binfmt_elf clone exec exit ids itimer posix_timers proc% rlimit signal sys sys_signal) \
	kernel/sched/sys_policy $(addprefix kernel/time/,calendar sys_time wallclock) $(addprefix kernel/x86/,acpi% cmos desc \
	entropy ioapic ksyms lines memmap nmi paging platform power% rtc serial setup shipped/% signal stack timeref tsc) \
	$(addprefix net/core/,dev_addr_lists dev_ioctl dropreason errqueue netdev_proc scm snmp sock_bound sock_options sysctl%) \
	$(addprefix net/ipv4/,datagram devinet devinet_ioctl icmp_send ip_fragment ip_output_frag ip_sockglue ipconfig ping raw rtnl% sysctl% udp udp_proc ip_cmsg) \
	net/netlink/% net/unix/% net/sockstat $(addprefix net/tcp/,tcp_info tcp_ipv4_err tcp_log tcp_mtup tcp_proc tcp_shrink tcp_sockopt tcp_sysctl)
# for_size: -Os, if the file $(1), given without its suffix, is in COLD.
for_size = $(if $(filter $(COLD),$(1)),-Os)

# ---- flags --------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
	-Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wno-sign-compare \
	-Wno-missing-field-initializers -Wdate-time
CC_INC := $(shell $(CC) -print-file-name=include)
# gcc's own choice for copies and zeroing of a known size above 48 bytes is `rep movs` and `rep stos`, which TCG runs
# one element at a time.  With these strategies gcc writes single stores, or calls memcpy() and memset().
NO_REP := -mmemcpy-strategy=libcall:-1:noalign -mmemset-strategy=libcall:-1:noalign
FREESTANDING := -std=gnu11 -ffreestanding -nostdinc -isystem $(CC_INC) -fno-strict-aliasing \
	-fno-common -fwrapv -fno-delete-null-pointer-checks $(NO_REP) -MMD -MP -g $(WARN)
# Jump targets and loops are not aligned, as in Linux (arch/x86/Makefile): the padding is 24 KiB of instructions without
# effect, and some of them are executed.
MACHINE_FLAGS := -O2 -falign-jumps=1 -falign-loops=1 -mcmodel=kernel -fno-pic -mno-red-zone \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fcf-protection=none
FLAGS_checked := -fno-omit-frame-pointer -fno-optimize-sibling-calls -fstack-protector-strong \
	-mstack-protector-guard=global
FLAGS_shipped := -fomit-frame-pointer -fno-stack-protector
# Both builds forbid tail calls, so that a backtrace shows each function of the application.
APP_FLAGS := -fno-optimize-sibling-calls
# A wrapper in tests/host/iss.c lets tests choose initial sequence numbers.
comma := ,
# Wrappers in tests/host/refuse.c let tests make an allocation of pages fail.
HOST_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,secure_tcp_seq alloc_pages alloc_budget_pages get_free_pages page_frag_refill page_frag_alloc)
# Wrappers in tests/host/separate.c allocate each object from the host, so that a sanitizer checks every access.
SLAB_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,kmem_cache_alloc kmem_cache_free kmalloc kcalloc kfree)
HOST_FLAGS := -O1 -fPIC -fvisibility=hidden -fno-omit-frame-pointer -fno-stack-protector
ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
CLANG_FLAGS := -std=gnu11 -ffreestanding -fno-strict-aliasing -fno-common -fwrapv -MMD -MP -O1 \
	-mcmodel=kernel -mno-red-zone -nostdlibinc $(WARN)
# Each image has its own <asm/hal.h>, the machine's or the process's.  Each build has its own <variant/lock.h>, the
# checked or the shipped one.  tools/version writes <generated/version.h>.
MACHINE_INC := -I. -Ikernel/x86 -I$(B)
INC_checked := -Ikernel/sched/checked
INC_shipped := -Ikernel/sched/shipped
HOST_PLATFORM := -I. -Itests/host -I$(B)
HOST_INC := $(HOST_PLATFORM) $(INC_checked)
APP_INC := -I$(HOST_APP)/include -Iinclude -I.

# An application is an ordinary main(); in the image it is called NAME_main (tests/host/app/apps.c).  The small C library
# may include the kernel's headers.
app_flags = $(if $(filter $(HOST_APP)/%,$(1)),$(2),-Dmain=$(basename $(notdir $(1)))_main -Wno-missing-prototypes)

VDSO_FLAGS := -O2 -fPIC -mgeneral-regs-only -fcf-protection=none -fno-stack-protector
VDSO_LINK := -shared -s -Bsymbolic --no-undefined -soname linux-vdso.so.1 --hash-style=both --eh-frame-hdr \
	-z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings

.PHONY: all help
all: $(B)/softnet.elf $(B)/checked/softnet.elf $(B)/host/libsoftnet.so $(B)/host-asan/libsoftnet.so

help:
	@echo "make run      boot in QEMU (APP= ARGS= FILES= BUILD= BOOT= PORT= FWD= NET= MEM= MACHINE= PCAP= ACCEL= CMDLINE=: tools/run)"
	@echo "make debug    the same, waiting for gdb, which is started with the kernel's symbols"
	@echo "make image    build/softnet.img, a disk for any UEFI machine; CMDLINE= goes into its cmdline.txt; APP=: build/run/NAME.img"
	@echo "              BUILD=checked adds the kernel's checks of itself (tests, make debug); BUILD=shipped (run, image) has none"
	@echo "make test     everything that proves it: tidy, unit, hosted, packet scripts, QEMU"
	@echo "make test-long   what takes minutes: 100,000 connections, many seeds of a bad wire"
	@echo "make month    52 days of virtual time, two million connections (CONNECTIONS= MIB= SEED=)"
	@echo "make coverage    what the tests in a process reach, and what nothing does"
	@echo "make test-fresh   the README's commands on a minimal Debian (root; debootstrap)"
	@echo "make fuzz     random inputs of frames, calls, rings, text (MINUTES= of each; ONLY= one: tests/fuzz/run)"
	@echo "make differ   random scenarios here and on the host's Linux (root, TUN; SEEDS= FROM=)"
	@echo "make bench    speed beside a Linux guest (root; SETS= ONLY= PAIRS= GUESTS= BUILD=); make profile: by function"
	@echo "make storm    floods and slow readers beside a client, softnet and a Linux guest (root; ONLY= SECS= RATES= GUESTS=)"
	@echo "make lab      an experiment with two hosts in virtual time, and its figure (docs/lab.md)"
	@echo "make figures  the figures of docs/figures, drawn anew by such experiments (FIGURES= some of them)"
	@echo "make format   clang-format, and links to code in the docs (tools/doclinks); make lint: cppcheck"
	@echo "make compile_commands.json   how each source is compiled, for clangd; make hooks: git's, for each commit"
	@echo "make setup    install what building and testing needs (Debian)"

# ---- the machine's image ------------------------------------------------------------------------
# Relocations are kept (-q), so that the image can be moved when it is loaded.
# The image is linked twice: the tables of function names, lines and addresses are made from the first link, and
# must still be right for the second.
LINK = $(CC) -static -nostdlib -no-pie -Wl,-T,linker.ld -Wl,-q -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--fatal-warnings
TABLES_checked := ksyms lines mkrelocs
TABLES_shipped := $(TABLES_checked) unwind

# The UEFI application: GNU-EFI's start-up code and linker script make it a relocatable PE file;
# boot/README.md says why.
EFI_INC ?= /usr/include/efi
EFI_LIB ?= /usr/lib
EFI_FLAGS := -O2 -fpic -fshort-wchar -mno-red-zone -fno-stack-protector -fvisibility=hidden \
	-fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only \
	-isystem $(EFI_INC) -DGNU_EFI_USE_MS_ABI

# version.h is rewritten only when the version has changed.  Only kernel/version.c includes it.
$(B)/generated/version.h: FORCE
	@tools/version $@

# $(1): build; $(2): its folder; $(3): name of the image; $(4): variable with its objects.
define image
$(2)/$(3).elf: $$($(4)) linker.ld $$(TABLES_$(1):%=tools/%.py) tools/elf.py tools/dwarfline.py
	@mkdir -p $(2)/$(3).parts
	$$(Q)$$(LINK) $$($(4)) -lgcc -o $(2)/$(3).parts/first.elf
	$$(Q)for t in $$(TABLES_$(1)); do python3 tools/$$$$t.py $(2)/$(3).parts/first.elf >$(2)/$(3).parts/$$$$t.S || exit 1; done
	$$(Q)$$(LINK) -Wl,-Map,$(2)/$(3).map $$($(4)) $$(TABLES_$(1):%=$(2)/$(3).parts/%.S) -lgcc -o $(2)/$(3).parts/second.elf
	$$(Q)for t in $$(TABLES_$(1)); do python3 tools/$$$$t.py $(2)/$(3).parts/second.elf | cmp - $(2)/$(3).parts/$$$$t.S || exit 1; done
	$$(Q)mv $(2)/$(3).parts/second.elf $$@
	@echo "  $$@"
endef

# $(1): build; $(2): its folder.
define machine
$(2)/kernel/version.c.o: $(B)/generated/version.h
$(2)/kernel/x86/vdso/vdso.o: $(VDSO_SRC) Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(VDSO_FLAGS) $$(MACHINE_INC) -c $$< -o $$@
$(2)/kernel/x86/vdso/vdso.so: $(2)/kernel/x86/vdso/vdso.o kernel/x86/vdso/vdso.lds
	$$(Q)$$(LD) $$(VDSO_LINK) -T kernel/x86/vdso/vdso.lds $$< -o $$@
$(2)/kernel/x86/vdso_image.S.o: kernel/x86/vdso_image.S $(2)/kernel/x86/vdso/vdso.so Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -DVDSO_IMAGE='"$(2)/kernel/x86/vdso/vdso.so"' -MMD -MP -c $$< -o $$@
$(2)_OBJ := $$(patsubst %,$(2)/%.o,$$(call sources_of,$(1),$$(MACHINE_SRC) $$(COMMON_SRC)))
$(2)_TEST_OBJ := $$($(2)_OBJ) \
	$$(patsubst %,$(2)/%.o,$$(RING0_SRC) $$(filter-out $$(APP_TABLE),$$(APP_SRC)) $$(TEST_APP_SRC))
$(2)/$(HOST_APP)/%.c.o: $(HOST_APP)/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(MACHINE_FLAGS) $$(FLAGS_$(1)) $$(APP_FLAGS) $$(APP_INC) $$(call app_flags,$$<,$$(MACHINE_INC) $$(INC_$(1))) -c $$< -o $$@
$(2)/apps/%.c.o: apps/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(MACHINE_FLAGS) $$(FLAGS_$(1)) $$(APP_FLAGS) $$(APP_INC) $$(call app_flags,$$<) -c $$< -o $$@
$(2)/tests/qemu/kernel/inside/%.c.o: tests/qemu/kernel/inside/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(MACHINE_FLAGS) $$(FLAGS_$(1)) -mgeneral-regs-only $$(MACHINE_INC) $$(INC_$(1)) -c $$< -o $$@
$(2)/tests/qemu/kernel/%.c.o: tests/qemu/kernel/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(MACHINE_FLAGS) $$(FLAGS_$(1)) $$(APP_FLAGS) $$(APP_INC) $$(call app_flags,$$<) -c $$< -o $$@
$(2)/%.c.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(MACHINE_FLAGS) $$(call for_size,$$*) $$(FLAGS_$(1)) -mgeneral-regs-only $$(MACHINE_INC) $$(INC_$(1)) -c $$< -o $$@
$(2)/%.S.o: %.S Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(MACHINE_INC) -D__ASSEMBLY__ -MMD -MP -g -c $$< -o $$@

# The pack that is linked into the image (boot/pack.S): a copy of the file PACK=, by default with inetd.
$(2)/boot/pack.S.o: $(2)/pack.cpio
$(2)/boot/pack.S.o: MACHINE_INC += -DPACK='"$(2)/pack.cpio"'
$(2)/pack.cpio: $$(PACK) FORCE
	@mkdir -p $$(@D)
	@cmp -s $$(PACK) $$@ || cp --no-preserve=all $$(PACK) $$@

$$(eval $$(call image,$(1),$(2),softnet,$(2)_OBJ))
$$(eval $$(call image,$(1),$(2),softnet-test,$(2)_TEST_OBJ))

$(2)_EFI_OBJ := $$(patsubst %,$(2)/efi/%.o,$$(EFI_SRC))
$(2)/efi/%.c.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FREESTANDING) $$(EFI_FLAGS) $$(MACHINE_INC) $$(INC_$(1)) -c $$< -o $$@
$(2)/efi/%.S.o: %.S $(2)/efi/kernel.elf $(2)/efi/cmdline.txt Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -DEFI_KERNEL='"$(2)/efi/kernel.elf"' -DEFI_CMDLINE='"$(2)/efi/cmdline.txt"' -MMD -MP -c $$< -o $$@
$(2)/efi/kernel.elf: $(2)/softnet.elf
	@mkdir -p $$(@D)
	$$(Q)objcopy --strip-all $$< $$@
# cmdline.txt is rewritten only when CMDLINE= has changed.
$(2)/efi/cmdline.txt: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' "$$$$CMDLINE" | cmp -s - $$@ || printf '%s\n' "$$$$CMDLINE" >$$@
$(2)/softnet.efi: $$($(2)_EFI_OBJ)
	$$(Q)$$(LD) -nostdlib -shared -Bsymbolic -znocombreloc -z noexecstack --fatal-warnings --build-id=none \
		-T $$(EFI_LIB)/elf_x86_64_efi.lds $$(EFI_LIB)/crt0-efi-x86_64.o $$($(2)_EFI_OBJ) \
		-L$$(EFI_LIB) -lgnuefi -o $(2)/efi/softnet.so
	$$(Q)objcopy -j .text -j .data -j .dynamic -j .rela -j .rela.dyn -j .dynsym -j .reloc \
		--target efi-app-x86_64 $(2)/efi/softnet.so $$@
	@echo "  $$@"
# The disk image: the application as \EFI\BOOT\BOOTX64.EFI, and the command line as cmdline.txt.
$(2)/softnet.img: $(2)/softnet.efi $(2)/efi/cmdline.txt tools/mkimage
	$$(Q)tools/mkimage $(2)/softnet.efi $(2)/efi/cmdline.txt $$@
	@echo "  $$@"
endef
$(foreach b,$(BUILDS),$(eval $(call machine,$(b),$(B)/$(b))))
FORCE:

# The images for users are those of the shipped build.
$(B)/softnet.elf $(B)/softnet.efi $(B)/softnet.img $(B)/softnet-test.elf: $(B)/%: $(B)/shipped/%
	$(Q)ln -sf shipped/$* $@

# Tests of the kernel without the network: the scheduler with its locks, timers and softirqs; then
# a program's signals, its futexes and threads, its timers, and small system calls.
KERNEL_TESTS := sched_test signal_test thread_test timer_test small_test

# ---- the applications ---------------------------------------------------------------------------
# Ordinary Linux programs.  -fdebug-prefix-map keeps the path of this folder out of them; -z noseparate-code leaves out
# the padding between text and read-only data.
$(B)/apps/%: apps/%.c Makefile
	@mkdir -p $(@D)
	$(Q)musl-gcc -static -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -fdebug-prefix-map=$(CURDIR)=. -Wl,-z,noseparate-code $< -o $@
.PRECIOUS: $(B)/apps/%
$(B)/apps/%.cpio: $(B)/apps/% tools/pack
	$(Q)strip -o $@.stripped $<
	$(Q)tools/pack $@.stripped=/bin/$* -o $@
	@rm $@.stripped
# ---- the hosted images --------------------------------------------------------------------------
# $(1): folder; $(2): extra flags; $(3): extra flags for files above the seams; $(4): the build, default checked.
define hosted
$(1)/kernel/version.c.o: $(B)/generated/version.h
$(1)_INC := $$(HOST_PLATFORM) $$(INC_$(or $(4),checked))
$(1)_OBJ := $$(patsubst %,$(1)/%.o,$$(HOST_SRC) $$(call sources_of,$(or $(4),checked),$$(COMMON_SRC)) $$(RING0_SRC) $$(APP_SRC))
$(1)/tests/host/%.c.o: tests/host/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) -std=gnu11 -MMD -MP -g $$(WARN) $$(HOST_FLAGS) $(2) $$($(1)_INC) -c $$< -o $$@
$(1)/$(HOST_APP)/%.c.o: $(HOST_APP)/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(FREESTANDING) $$(HOST_FLAGS) $(2) $(3) $$(APP_INC) $$(call app_flags,$$<,$$($(1)_INC)) -c $$< -o $$@
$(1)/apps/%.c.o: apps/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(FREESTANDING) $$(HOST_FLAGS) $(2) $(3) $$(APP_INC) $$(call app_flags,$$<) -c $$< -o $$@
$(1)/%.c.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(FREESTANDING) $$(HOST_FLAGS) $(2) $(3) $$($(1)_INC) -c $$< -o $$@
$(1)/libsoftnet.so: $$($(1)_OBJ)
	$$(Q)$$(HOSTCC) -nostdlib -r $$(HOST_WRAP) $$(SLAB_WRAP) $$($(1)_OBJ) -o $$@.o
	$$(Q)objcopy --localize-hidden $$@.o
	$$(Q)$$(HOSTCC) -shared -Wl,-Bsymbolic -Wl,-z,defs -Wl,-z,noexecstack $(2) $$@.o -o $$@
	@echo "  $$@"
# Tests of the kernel without the network: they have a kernel_main() of their own (tests/kernel/cases.c).
$(1)_KERNEL_OBJ := $$(patsubst %,$(1)/%.o,$$(filter kernel/%,$$(call sources_of,$(or $(4),checked),$$(COMMON_SRC))) \
	$$(filter-out tests/host/virtio_model% tests/host/inspect.c,$$(HOST_SRC)) init/ring0/threads.c)
$(1)/tests/kernel/%.c.o: tests/kernel/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) -std=gnu11 -MMD -MP -g $$(WARN) $$(HOST_FLAGS) $(2) $$($(1)_INC) -c $$< -o $$@
$$(KERNEL_TESTS:%=$(1)/%): $(1)/%: $(1)/tests/kernel/%.c.o $(1)/tests/kernel/cases.c.o $$($(1)_KERNEL_OBJ)
	$$(Q)$$(HOSTCC) $(2) $$(SLAB_WRAP) $$^ -o $$@
endef
$(eval $(call hosted,$(B)/host,))
$(eval $(call hosted,$(B)/host-asan,$(ASAN_FLAGS)))
# The trace build: every function above the seams reports when it is entered.  Of this build, the next one and the
# fuzzers' only backtraces need debug information; less of it (-g1) saves a seventh of the time that they compile.
$(eval $(call hosted,$(B)/host-trace,-g1,-finstrument-functions))
# The race build: an interrupt may arrive at every edge (jump) of the control flow.
$(eval $(call hosted,$(B)/host-race,$(ASAN_FLAGS) -g1,-fsanitize-coverage=trace-pc))

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- the commands -------------------------------------------------------------------------------
# Runs the test program $(1); prints its output when it fails.  Each program is a target of its own, so that make
# runs as many at once as it has jobs; the callers' `make -k` runs the others after a failure, too.
PLAY_ENV := ASAN_OPTIONS=detect_stack_use_after_return=0:detect_leaks=0
play = if $(PLAY_ENV) $(1) >$(1).log 2>&1; then echo "  ok    $(1)"; else cat $(1).log; echo "  FAIL  $(1)"; exit 1; fi

.PHONY: run image debug setup test test-long tidy unit hosted qemu format lint clean
# As many jobs as there are processors, unless make's command line has -j.
PROCESSORS := $(shell nproc)
JOBS = $(or $(filter -j%,$(MAKEFLAGS)),-j$(PROCESSORS))
PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider
# Runs as many tests at once as there are processors.
PYTEST_MANY := $(PYTEST) -n $(PROCESSORS)

# run, image and debug build in a new make process, which finds a compiler that tools/setup has just installed.  QEMU
# gets a signal when the make process that started it ends, even if that process is killed.
RUN_BOOT = $(or $(BOOT),$(if $(APP)$(filter microvm,$(MACHINE)),pvh,uefi))
run image: override BUILD := $(or $(BUILD),shipped)
debug: override BUILD := $(or $(BUILD),checked)
# tools/run check reports wrong values before anything is installed or built.  With the shipped build, also make the
# links build/softnet.elf ..., which the documents name.
LINKS = $(if $(filter shipped,$(BUILD)),$(1:%=$(B)/softnet.%))
# A variable on make's command line that run, image and debug do not read is probably misspelt: PORTS=8000 for PORT=8000.
SETTINGS := V B CC HOSTCC EFI_INC EFI_LIB PACK
STRAY = $(strip $(foreach v,$(filter-out $(RUN_VARS) $(SETTINGS) MAKEFLAGS MAKEOVERRIDES -%,$(.VARIABLES)),\
	$(if $(findstring command line,$(origin $v)),$v)))
check-variables = @[ -z "$(STRAY)" ] || { echo "make $@: $(STRAY:%=%=): not read here; there are $(RUN_VARS:%=%=)" >&2; exit 2; }
QUIET_MAKE = $(MAKE) --no-print-directory $(if $(V),,-s)
run:
	$(check-variables)
	@tools/run check
	@tools/setup run
	@$(QUIET_MAKE) $(JOBS) $(B)/$(BUILD)/softnet.$(if $(filter uefi,$(RUN_BOOT)),img,elf) $(call LINKS,elf)
	@exec setpriv --pdeathsig TERM tools/run

image:
	$(check-variables)
	@tools/run check image
	@tools/setup run
	@$(QUIET_MAKE) $(JOBS) $(B)/$(BUILD)/softnet.img $(call LINKS,elf efi img)
	$(if $(APP),@tools/run image)

debug:
	$(check-variables)
	@tools/run check gdb
	@tools/setup debug
	@$(QUIET_MAKE) $(JOBS) $(B)/$(BUILD)/softnet.elf
	@tools/run gdb

setup:
	@tools/setup dev

# tools/part prints how long each part took.
PART = @tools/part
SUBMAKE = $(MAKE) --no-print-directory
test:
	@tools/setup test
	$(PART) tidy $(SUBMAKE) tidy
	$(PART) lint $(SUBMAKE) lint
	$(PART) bench-test $(SUBMAKE) bench-test
	$(PART) pack-test $(SUBMAKE) pack-test
	$(PART) images $(SUBMAKE) $(JOBS) $(B)/checked/softnet.img $(B)/softnet.img $(B)/checked/softnet-test.elf $(B)/softnet-test.elf \
		$(B)/host/libsoftnet.so $(B)/host-asan/libsoftnet.so
	$(PART) clang $(SUBMAKE) $(JOBS) clang
	$(PART) unit $(SUBMAKE) $(JOBS) unit
	$(PART) kernel-test $(SUBMAKE) $(JOBS) kernel-test
	$(PART) hosted $(SUBMAKE) $(JOBS) hosted
	$(PART) count $(SUBMAKE) $(JOBS) count
	$(PART) sim $(SUBMAKE) $(JOBS) sim
	$(PART) race $(SUBMAKE) $(JOBS) race canary
	$(PART) fuzz $(SUBMAKE) $(JOBS) fuzz-test
	$(PART) packet $(SUBMAKE) packet
	$(PART) differ-test $(SUBMAKE) $(JOBS) differ-test
	$(PART) programs $(SUBMAKE) $(JOBS) smoke-programs
	$(PART) qemu $(SUBMAKE) qemu

# Tests tools/pack, which collects a program and its libraries.
.PHONY: pack-test
pack-test:
	cd tests/pack && $(PYTEST) .

tidy:
	cd tests/tidy && $(PYTEST_MANY) .

# Runs tests that take minutes and are not in `make test`.
test-long:
	@tools/setup test
	@$(MAKE) --no-print-directory $(JOBS) $(B)/checked/softnet.elf $(B)/checked/softnet-test.elf $(B)/softnet.elf $(B)/softnet-test.elf
	cd tests/qemu && $(PYTEST) --long .
	@$(MAKE) --no-print-directory $(JOBS) sim-long
	@$(MAKE) --no-print-directory $(JOBS) race SEEDS=64
	@$(MAKE) --no-print-directory $(JOBS) month
	@$(MAKE) --no-print-directory coverage

# Runs the tests in QEMU: boots, transfers, closes, crashes.  QEMUS tests run at once.
QEMUS ?= 2
qemu: $(B)/apps/hello.cpio $(B)/checked/softnet.img $(B)/checked/softnet-test.elf $(B)/softnet.elf $(B)/softnet.img $(B)/softnet-test.elf \
		$(B)/unit/malformed.json
	cd tests/qemu && $(PYTEST) -n $(QEMUS) .

# Runs the README's two commands on a minimal Debian; needs root.
.PHONY: test-fresh
test-fresh:
	@tools/setup fresh
	@/usr/bin/python3 tests/fresh/fresh.py

# Compiles all sources of the machine with clang, in both builds, only for its warnings.  Nearly all sources are those
# of both builds: for the shipped one, these are only parsed, which warns of the same and takes half the time.
clang_output = $(if $(and $(filter shipped,$(1)),$(if $(findstring /shipped/,$(2)),,parsed)),-fsyntax-only,-c -o /dev/null)
.PHONY: clang
define clang
$(B)/clang/$(1)/kernel/version.c.ok: $(B)/generated/version.h
clang: $$(patsubst %,$(B)/clang/$(1)/%.ok,$$(filter %.c,$$(call sources_of,$(1),$$(MACHINE_SRC) $$(COMMON_SRC)) $$(VDSO_SRC) $$(RING0_SRC) $$(APP_SRC) $$(TEST_APP_SRC) \
	$$(filter boot/efi_%,$$(EFI_SRC))))
$(B)/clang/$(1)/$(HOST_APP)/%.c.ok: $(HOST_APP)/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(CLANG_FLAGS) $$(FLAGS_$(1)) $$(APP_INC) $$(call app_flags,$$<,$$(MACHINE_INC) $$(INC_$(1))) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
$(B)/clang/$(1)/apps/%.c.ok: apps/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(CLANG_FLAGS) $$(FLAGS_$(1)) $$(APP_INC) $$(call app_flags,$$<) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
$(B)/clang/$(1)/tests/qemu/kernel/inside/%.c.ok: tests/qemu/kernel/inside/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(CLANG_FLAGS) $$(FLAGS_$(1)) -mgeneral-regs-only $$(MACHINE_INC) $$(INC_$(1)) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
$(B)/clang/$(1)/tests/qemu/kernel/%.c.ok: tests/qemu/kernel/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(CLANG_FLAGS) $$(FLAGS_$(1)) $$(APP_INC) $$(call app_flags,$$<) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
$(B)/clang/$(1)/boot/efi_%.c.ok: boot/efi_%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(filter-out -mcmodel=kernel,$$(CLANG_FLAGS)) $$(EFI_FLAGS) $$(MACHINE_INC) $$(INC_$(1)) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
$(B)/clang/$(1)/%.c.ok: %.c Makefile
	@mkdir -p $$(@D)
	$$(Q)clang $$(CLANG_FLAGS) $$(FLAGS_$(1)) -mgeneral-regs-only $$(MACHINE_INC) $$(INC_$(1)) -MF $$@.d -MT $$@ $$(call clang_output,$(1),$$<) $$<
	@touch $$@
endef
$(foreach b,$(BUILDS),$(eval $(call clang,$(b))))
clang:
	@echo "  ok    clang builds both builds too"

format:
	$(Q)tools/format
	$(Q)tools/doclinks

# lint runs cppcheck.  `make clang` has clang's warnings; `make tidy` checks the format.
LINT_PATHS := kernel net drivers init boot apps
lint:
	$(Q)tools/lint $(MACHINE_INC) $(INC_checked) $(LINT_PATHS)

clean:
	rm -rf $(B)

# Prints the sources of each image, for tests/tidy.
.PHONY: print-sources
print-sources:
	@printf 'machine %s\n' $(filter %.c,$(MACHINE_SRC) $(EFI_SRC) $(VDSO_SRC) $(COMMON_SRC))
	@printf 'test %s\n' $(filter %.c,$(TEST_APP_SRC))
	@printf 'hosted %s\n' $(filter %.c,$(HOST_SRC) $(COMMON_SRC) $(RING0_SRC) $(APP_SRC))

# Installs git's hooks (.githooks) in this clone: they check format, rules and commit messages.
.PHONY: hooks
hooks:
	@old=$$(git config core.hooksPath); case "$$old" in ""|.githooks) git config core.hooksPath .githooks ;; \
		*) echo "core.hooksPath is $$old: the hooks in .githooks were not installed" >&2; exit 1 ;; esac

# Writes how each source is compiled, for clangd and others.  A source of several images has the command of the first
# one in this list.
CC_TARGETS = $(B)/checked/softnet.efi $(B)/checked/softnet-test.elf $(B)/shipped/softnet.elf $(B)/host-asan/libsoftnet.so $(KERNEL_TESTS:%=$(B)/host-asan/%) \
	unit-build hosted-build sim-build lab-build $(COUNT)/operations $(U)/malformed.json bench-tools fuzz-build storm-tools $(N)/peer_server $(PROGRAMS) $(patsubst %.c,$(B)/%,$(wildcard apps/*.c))
.PHONY: compile_commands.json
compile_commands.json:
	$(Q)tools/compile-commands $(CC_TARGETS) >$@.new && mv $@.new $@

# ---- one file with both compilers, before a commit ------------------------------------------------
# make check-one F=net/core/skbuff.c
.PHONY: check-one
check-one: $(B)/generated/version.h
	$(Q)$(CC) $(FREESTANDING) $(MACHINE_FLAGS) $(FLAGS_checked) -mgeneral-regs-only $(MACHINE_INC) $(INC_checked) -MF /dev/null $(if $(filter %.h,$(F)),-fsyntax-only,-c -o /dev/null) $(F)
	$(Q)clang -std=gnu11 -ffreestanding -fsyntax-only $(WARN) -mno-red-zone $(MACHINE_INC) $(INC_checked) $(F)

-include tests/unit/unit.mk
-include tests/programs/programs.mk
-include tests/hosted/hosted.mk
-include tests/kernel/kernel.mk
-include tests/coverage.mk
-include tests/packet/packet.mk
-include tools/bench/bench.mk
-include tools/storm/storm.mk
-include tools/lab/lab.mk
-include tests/sim/sim.mk
-include tests/differ/differ.mk
-include tests/count/count.mk
-include tests/fuzz/fuzz.mk
