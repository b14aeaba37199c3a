# Programs that run unchanged on Linux and on softnet.

PROGRAM_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull
CONFORMANCE_SRC := $(sort $(wildcard tests/programs/conformance/*.c))

# Invalid addresses and sizes are passed on purpose: the compiler's warnings about them are off.
$(B)/programs/conformance: $(CONFORMANCE_SRC) tests/programs/conformance/check.h tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) $(CONFORMANCE_SRC) -o $@

# Attacks on the kernel from ring 3: tests/programs/hostile/hostile.h.
HOSTILE_SRC := $(sort $(wildcard tests/programs/hostile/*.c))
$(B)/programs/hostile: $(HOSTILE_SRC) tests/programs/hostile/hostile.h tests/programs/unsafe_calls.h tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) -Wno-unused-result -Wno-array-bounds -Wno-infinite-recursion $(HOSTILE_SRC) -o $@

# Programs of one file each: the power button, errors of socket calls, a second process, random calls from ring 3, threads under load, the vDSO.
$(B)/programs/button $(B)/programs/errnos $(B)/programs/faults $(B)/programs/fork $(B)/programs/fuzz $(B)/programs/stress $(B)/programs/vdso: $(B)/programs/%: tests/programs/%.c tests/programs/unsafe_calls.h tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)gcc -static $(PROGRAM_FLAGS) -Wno-unused-result $< -o $@

# The same server, written in several languages and linked in several ways.
$(B)/programs/echo-musl-static: ECHO_CC := musl-gcc -static
$(B)/programs/echo-glibc-static: ECHO_CC := gcc -static
$(B)/programs/echo-glibc-static-pie: ECHO_CC := gcc -static-pie
$(B)/programs/echo-glibc-dynamic: ECHO_CC := gcc
$(B)/programs/echo-glibc-dynamic-no-pie: ECHO_CC := gcc -no-pie
ECHOES := $(addprefix $(B)/programs/echo-,musl-static glibc-static glibc-static-pie glibc-dynamic glibc-dynamic-no-pie)
$(ECHOES): tests/programs/servers/echo.c tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)$(ECHO_CC) -O2 -Wall -Wextra -Werror -pthread $< -o $@
$(B)/programs/server-go: tests/programs/servers/server.go
	@mkdir -p $(@D)
	$(Q)CGO_ENABLED=0 GO111MODULE=off GOCACHE=$(CURDIR)/$(B)/programs/go-cache go build -o $@ $<
$(B)/programs/server-rust: tests/programs/servers/server.rs
	@mkdir -p $(@D)
	$(Q)rustc -O $< -o $@


# A program that prints the state in which it starts, linked in each way.
STARTS := $(addprefix $(B)/programs/start-,musl-static glibc-static glibc-static-pie glibc-dynamic)
$(B)/programs/start-musl-static: START_CC := musl-gcc -static
$(B)/programs/start-glibc-static: START_CC := gcc -static
$(B)/programs/start-glibc-static-pie: START_CC := gcc -static-pie
$(B)/programs/start-glibc-dynamic: START_CC := gcc
$(STARTS): tests/programs/start.c tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)$(START_CC) $(PROGRAM_FLAGS) $< -o $@

# A program that prints the names that the C library reads from files.  A static glibc warns that getaddrinfo() needs
# its shared libraries.
NAMES := $(addprefix $(B)/programs/names-,musl-static glibc-static glibc-dynamic)
$(B)/programs/names-musl-static: NAMES_CC := musl-gcc -static
$(B)/programs/names-glibc-static: NAMES_CC := gcc -static -Wl,--no-warnings
$(B)/programs/names-glibc-dynamic: NAMES_CC := gcc
$(NAMES): tests/programs/names.c tests/programs/programs.mk
	@mkdir -p $(@D)
	$(Q)$(NAMES_CC) $(PROGRAM_FLAGS) $< -o $@

PROGRAMS := $(addprefix $(B)/programs/,conformance hostile button errnos faults fork fuzz stress vdso) $(ECHOES) $(STARTS) $(NAMES)

# Plays unmodified Linux programs on Linux and in the machine.  smoke-programs plays only the tests that are part of
# `make test`.
.PHONY: test-programs play-programs smoke-programs
test-programs:
	@tools/setup programs
	@$(SUBMAKE) $(JOBS) play-programs
play-programs: $(PROGRAMS) $(B)/programs/server-go $(B)/programs/server-rust $(B)/checked/softnet.elf $(B)/softnet.elf
	cd tests/programs && $(PYTEST) -n $(QEMUS) .
smoke-programs: $(PROGRAMS) $(B)/checked/softnet.elf $(B)/softnet.elf
	cd tests/programs && $(PYTEST) -n $(QEMUS) -m smoke .
