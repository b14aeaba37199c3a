# Unit tests: `make unit` builds and runs build/unit/test_*.
#
# Each test is an ordinary cmocka program, linked with the kernel's objects of the sanitizer build and with
# the small platform of unit_hal.c.  The kernel's own memcpy, vsnprintf ... are hidden symbols: the
# program uses them, while libcmocka and libc use those of libc.
# UNIT_ONLY_test_NAME lists the only sources that a test is linked with, if it replaces the rest of the
# kernel itself.

# A test in UNIT_HOSTED boots the hosted kernel (tests/host) instead of using unit_hal.c; it has its own
# kernel_main() and device.

UNIT_HOSTED := test_waits test_virtio_net test_virtio_ctrl test_virtio_link test_virtio_legacy test_sockets test_sock_lock test_late_timers
# Further files of the hosted kernel that a test in UNIT_HOSTED needs.
UNIT_ALSO_test_virtio_net := tests/host/virtio_model.c tests/host/virtio_model_commands.c tests/host/virtio_model_control.c tests/host/virtio_frame.c
UNIT_ALSO_test_virtio_ctrl := $(UNIT_ALSO_test_virtio_net)
UNIT_ALSO_test_virtio_link := $(UNIT_ALSO_test_virtio_net)
UNIT_ALSO_test_virtio_legacy := $(UNIT_ALSO_test_virtio_net)
# These tests are linked with the whole hosted kernel, with its device and its applications.
UNIT_ONLY_test_malformed := $(HOST_SRC) $(COMMON_SRC) $(RING0_SRC) $(APP_SRC)
UNIT_ONLY_test_socket_args := $(UNIT_ONLY_test_malformed)
UNIT_ONLY_test_clock := $(UNIT_ONLY_test_malformed)
UNIT_ONLY_test_tcp_limits := $(UNIT_ONLY_test_malformed)
UNIT_ONLY_test_app_convert := tests/host/app/libc/convert.c kernel/lib/vsprintf.c kernel/lib/string.c
UNIT_ONLY_test_memmap := kernel/x86/memmap.c
UNIT_ONLY_test_pci_assign := drivers/pci_assign.c
UNIT_ONLY_test_acpi_devices := kernel/x86/acpi_devices.c kernel/lib/string.c
UNIT_ONLY_test_efi_memory := boot/efi_memory.c kernel/x86/memmap.c
UNIT_ONLY_test_efi_clock := boot/efi_clock.c kernel/time/calendar.c
UNIT_ONLY_test_calendar := kernel/time/calendar.c
UNIT_ONLY_test_cmos := kernel/x86/cmos.c kernel/time/calendar.c
UNIT_ONLY_test_spinlock := kernel/lib/string.c
UNIT_ONLY_test_image_tables := kernel/x86/ksyms.c kernel/x86/lines.c kernel/x86/shipped/unwind_table.c \
	kernel/lib/string.c \
	kernel/lib/vsprintf.c
UNIT_ONLY_test_virtqueue := drivers/virtio/virtqueue.c drivers/virtio/virtio.c kernel/ratelimit.c \
	tests/host/virtio_model.c tests/host/virtio_model_commands.c tests/host/virtio_model_control.c tests/host/virtio_frame.c
UNIT_ONLY_test_ring_trace := $(UNIT_ONLY_test_virtqueue)
UNIT_ONLY_test_pci_intx := drivers/pci_intx.c $(UNIT_ONLY_test_virtqueue)
# test_usercopy is linked with the machine's usercopy.S. A rule below renames that file's section .extable to extable,
# because the linker defines __start_ and __stop_ symbols only for sections whose names are C identifiers.
UNIT_ONLY_test_usercopy := tests/unit/usercopy

U := $(B)/unit
UNIT_TESTS := $(patsubst tests/unit/%.c,$(U)/%,$(filter-out $(UNIT_LEFT_OUT:%=tests/unit/%.c),\
	$(sort $(wildcard tests/unit/test_*.c))))
# version.c is left out: with it, each commit would link all tests again.
UNIT_KERNEL := $(filter-out $(B)/host-asan/apps/% $(B)/host-asan/tests/% $(B)/host-asan/kernel/version.c.o,$($(B)/host-asan_OBJ))
UNIT_FLAGS := -std=gnu11 -D_GNU_SOURCE -MMD -MP -g -O1 -fno-omit-frame-pointer -fwrapv \
	-fvisibility=hidden -fno-builtin $(WARN) -Wno-missing-prototypes $(ASAN_FLAGS) $(HOST_INC)

.PHONY: unit unit-build unit-play $(UNIT_TESTS:%=%.play)
unit-build: $(UNIT_TESTS)
unit: $(UNIT_TESTS)
	@$(MAKE) --no-print-directory -k unit-play
unit-play: $(UNIT_TESTS:%=%.play)
$(UNIT_TESTS:%=%.play): %.play: %
	@$(call play,$*)

$(U)/%.o: tests/unit/%.c Makefile tests/unit/unit.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_FLAGS) -c $< -o $@

$(B)/host-asan/tests/unit/usercopy.o: $(B)/checked/kernel/x86/usercopy.S.o
	@mkdir -p $(@D)
	$(Q)objcopy --rename-section .extable=extable $< $@

# Flags for files of the UEFI application: the firmware's types and calling convention.
EFI_TYPES := -isystem $(EFI_INC) -fshort-wchar -DGNU_EFI_USE_MS_ABI
$(B)/host-asan/boot/efi_%.o: $(B)/host-asan_INC += $(EFI_TYPES)
$(U)/test_efi_memory.o $(U)/test_efi_clock.o: UNIT_FLAGS += $(EFI_TYPES)

# The kernel is an archive, so that a test is linked only with the members that it needs.
$(U)/libkernel.a: $(UNIT_KERNEL)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

# The objects that a test is linked with besides its own.
UNIT_PLATFORM := $(patsubst %,$(B)/host-asan/%.o,$(filter-out tests/host/virtio_%,$(HOST_SRC)) init/ring0/threads.c)
unit_with = $(if $(UNIT_ONLY_$(1)),$(patsubst %,$(B)/host-asan/%.o,$(UNIT_ONLY_$(1))),\
	$(if $(filter $(1),$(UNIT_HOSTED)),$(UNIT_PLATFORM),$(U)/unit_hal.o $(patsubst %,$(B)/host-asan/tests/host/%.c.o,separate user_pages)) \
	$(patsubst %,$(B)/host-asan/%.o,$(UNIT_ALSO_$(1))) $(U)/libkernel.a)

.SECONDEXPANSION:
$(UNIT_TESTS): $(U)/test_%: $(U)/test_%.o $$(call unit_with,test_$$*)
	$(Q)$(HOSTCC) $(ASAN_FLAGS) $(if $(filter %/separate.c.o,$^),$(SLAB_WRAP)) $^ -lcmocka -ldl -o $@

# Unpack the ring traces of QEMU's device; test_ring_trace gets their folder's name as TRACES.
TRACES := $(patsubst tests/unit/%.xz,$(U)/%,$(sort $(wildcard tests/unit/traces/*.trace.xz)))
$(U)/test_ring_trace.o: UNIT_FLAGS += -DTRACES='"$(U)/traces"'
$(U)/test_ring_trace: | $(TRACES)
$(TRACES): $(U)/%: tests/unit/%.xz
	@mkdir -p $(@D)
	$(Q)python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())' $< >$@.new && mv $@.new $@

# The table of malformed frames as JSON, for tests that send them to a guest in QEMU.
$(U)/malformed.json: $(U)/malformed_dump.o
	$(Q)$(HOSTCC) $(ASAN_FLAGS) $< -o $(U)/malformed_dump
	$(Q)$(U)/malformed_dump >$@.new && mv $@.new $@

.PRECIOUS: $(U)/%.o
