# Canaries: the race build's library with one bug planted in it.  The scenes (tests, see scene.h) of test_race.c must
# find each bug, which shows that they can fail.  `make canary` plays them.
#
# A bug is a sed expression for a copy of one source file, and the number of lines that the expression changes: if the
# source has changed and the expression no longer fits, the build reports it.  Only that file is compiled; the other
# objects are the race build's.  The bug is caught if one of the first CANARY_SEEDS runs of its scene fails with the
# bug's text (canary_NAME_shows); another failure is an error.

CANARIES := unlocked wrong_lock wakeup epoll_wakeup epoll_order epoll_scan timerfd futex leak wrap
# Equal to STRIDE of race.h: this many runs together interrupt at every edge of the code.
CANARY_SEEDS := 8

# accept() takes a connection from the queue without the queue's lock: an ACK that arrives meanwhile adds a
# connection outside of the queue, or behind a connection that has been removed.
canary_unlocked_file := net/inet/inet_connection_sock.c
canary_unlocked_sed := /^noinline .*reqsk_queue_remove/,/^}/s/\tspin_(un)?lock_bh\(.*\);/\t;/
canary_unlocked_lines := 2
canary_unlocked_scene := accept_against_ack
canary_unlocked_shows := null pointer of type .struct request_sock

# accept() takes the lock, but does not disable soft interrupts: the checks inside spin_lock() report it.
canary_wrong_lock_file := net/inet/inet_connection_sock.c
canary_wrong_lock_sed := /^noinline .*reqsk_queue_remove/,/^}/s/(spin_(un)?lock)_bh/\1/
canary_wrong_lock_lines := 2
canary_wrong_lock_scene := accept_against_ack
canary_wrong_lock_shows := lock 0x[0-9a-f]+: (taken where a softirq may come in|wanted) at

# poll() looks for events and sleeps, but does not check whether it was woken between the two.
canary_wakeup_file := kernel/fs/poll.c
canary_wakeup_sed := s/if \(!READ_ONCE\(pwq->triggered\) && /if (/
canary_wakeup_lines := 1
canary_wakeup_scene := poll_against
canary_wakeup_shows := a call of host b hangs

# epoll_wait() does not check for events that came before it joined the wait queue.
canary_epoll_wakeup_file := kernel/fs/eventpoll.c
canary_epoll_wakeup_sed := s/available = ep_events_available\(ep\);/available = false;/
canary_epoll_wakeup_lines := 1
canary_epoll_wakeup_scene := epoll_against_data
canary_epoll_wakeup_shows := a call of host b hangs

# epoll takes an item off the ready list after it has asked the file: an event that comes in between is lost.
canary_epoll_order_file := kernel/fs/eventpoll.c
canary_epoll_order_sed := s/(\.data\.u64 = epi->data\};)/\1 list_del_init(\&epi->ready_link);/
canary_epoll_order_lines := 1
canary_epoll_order_scene := epoll_listed_against_data
canary_epoll_order_shows := a call of host b hangs

# An item that becomes ready while epoll_wait() asks the items for their events is not put on the ready list.
canary_epoll_scan_file := kernel/fs/eventpoll.c
canary_epoll_scan_sed := /^static bool ep_add_ready/,/^}/s/if \(!ep_is_ready\(epi\)\)/if (!ep_is_ready(epi) \&\& !ep->scanning)/
canary_epoll_scan_lines := 1
canary_epoll_scan_scene := epoll_listed_against_data
canary_epoll_scan_shows := a call of host b hangs

# A timer's read() sets the ticks to 0, and so loses a tick that came after the read() took their number.
canary_timerfd_file := kernel/fs/timerfd.c
canary_timerfd_sed := s/ctx->ticks -= \*ticks;/ctx->ticks = 0;/
canary_timerfd_lines := 1
canary_timerfd_scene := timerfd_read_against_expiry
canary_timerfd_shows := a call of host b hangs

# A futex wait whose timeout has expired returns ETIMEDOUT although a wake counted the waiter.
canary_futex_file := kernel/process/futex.c
canary_futex_sed := s/if \(!leave\(&q\)\)/if (!leave(\&q) \&\& in_time)/
canary_futex_lines := 1
canary_futex_scene := futex_wake_against_timeout
canary_futex_shows := 0xffffffffffffff92 != 0

# An ACK that arrives when the listener has just closed does not drop its reference to the request.
canary_leak_file := net/tcp/tcp_ipv4.c
canary_leak_sed := s/inet_csk_reqsk_queue_drop_and_put\(sk, req\)/inet_csk_reqsk_queue_drop(sk, req)/
canary_leak_lines := 1
canary_leak_scene := listener_closed_against_ack
canary_leak_shows := host 1: request_sock.*: [0-9]+ objects alive

# Sequence numbers are compared as if they never wrapped to 0.
canary_wrap_file := net/tcp/tcp_ack.c
canary_wrap_sed := s/if \(before\(ack, tp->snd_una\)\)/if (ack < tp->snd_una)/
canary_wrap_lines := 1
canary_wrap_scene := retransmission_against_ack
canary_wrap_shows := is not within the range 1-2

C := $(B)/canary
R := $(B)/host-race

define canary
$(C)/$(1)/$$(canary_$(1)_file): $$(canary_$(1)_file) tests/hosted/canary.mk
	@mkdir -p $$(@D)
	@sed -E '$$(canary_$(1)_sed)' $$< >$$@
	@n=$$$$(diff $$< $$@ | grep -c '^>'); [ $$$$n = $$(canary_$(1)_lines) ] || \
		{ rm $$@; echo "canary $(1): changes $$$$n lines of $$<, not $$(canary_$(1)_lines)"; exit 1; }
$(C)/$(1)/libsoftnet.so: $(C)/$(1)/$$(canary_$(1)_file) $$($(R)_OBJ)
	$$(Q)$$(HOSTCC) $$(FREESTANDING) $$(HOST_FLAGS) $$(ASAN_FLAGS) -fsanitize-coverage=trace-pc \
		$$(HOST_INC) -MF /dev/null -c $$< -o $(C)/$(1)/planted.o
	$$(Q)$$(HOSTCC) -shared -Wl,-Bsymbolic -Wl,-z,defs -Wl,-z,noexecstack $$(HOST_WRAP) $$(SLAB_WRAP) $$(ASAN_FLAGS) \
		$$(filter-out $(R)/$$(canary_$(1)_file).o,$$($(R)_OBJ)) $(C)/$(1)/planted.o -o $$@
.PHONY: canary-$(1)
canary-$(1): $(C)/$(1)/libsoftnet.so $(H)/test_race
	@for s in $$$$(seq $(CANARY_SEEDS)); do \
		SEED=$$$$s SCENE_LIBRARY=$$< $(PLAY_ENV) $(H)/test_race $$(canary_$(1)_scene) >$(C)/$(1)/log 2>&1 && continue; \
		grep -qE '$$(canary_$(1)_shows)' $(C)/$(1)/log && echo "  ok    canary $(1): caught with seed $$$$s" && exit; \
		cat $(C)/$(1)/log; echo "  FAIL  canary $(1): seed $$$$s fails, but not as this bug would"; exit 1; \
	done; echo "  FAIL  canary $(1): not caught by $(CANARY_SEEDS) seeds of $$(canary_$(1)_scene)"; exit 1
endef
$(foreach c,$(CANARIES),$(eval $(call canary,$(c))))

.PHONY: canary
canary: $(CANARIES:%=canary-%) fuzz-canary
