/* SPDX-License-Identifier: MIT */
/*
 * The clock, which is the TSC, and the one-shot timer of the APIC.
 *
 * Callers in order: hal_late_init() -> clock_init() once; then hal_clock_ns() in any context, and
 * hal_arm_timer(), clock_timer_is_due() with interrupts off.  No lock: there is one CPU with one
 * timer.
 *
 * The TSC's frequency comes from the first of these that states it: the CPU, the hypervisor, KVM's
 * clock page. If none does, it is measured against HPET, the ACPI timer, a hypervisor's APIC timer
 * or the PIT. If that fails, too, the nominal frequency of CPUID 16h or a guess is used. Compare
 * Linux's arch/x86/kernel/tsc.c, apic.c (calibrate_APIC_clock), kvmclock.c.
 */
#include "kernel/x86/tsc.h"
#include "kernel/hal.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/timeref.h"

#define NSEC_PER_SEC 1000000000ULL
/* How long the APIC timer is compared with a TSC of known frequency, in ns. */
#define APIC_MEASURE_NS 1000000ULL
/* ns: less than any read of a device register takes */
#define REGISTER_READ_NS 50
/* A source that states a frequency below this or above TSC_HZ_MAX is wrong. */
#define TSC_HZ_MIN      10000000ULL
#define TSC_HZ_MAX      100000000000ULL
#define TSC_HZ_GUESS    1000000000ULL
#define TIMER_DELTA_MAX (1ULL << 40) /* ns, 18 minutes: a longer wait is divided */
#define APIC_TIMER_UNIT 16           /* bus cycles for one count of the APIC timer */

#define CPUID_TSC_DEADLINE BIT(24) /* leaf 1, ecx */
#define CPUID_KVM_FEATURES 0x40000001
#define CPUID_HV_TIMING    0x40000010
#define KVM_FEATURE_CLOCK  BIT(3)

/* KVM's clock page: the factors that convert a difference of the TSC to nanoseconds. */
struct pvclock {
	u32 version; /* odd while the hypervisor writes the page */
	u32 pad;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_to_system_mul; /* ns = (tsc << shift) * mul >> 32 */
	s8 tsc_shift;
	u8 flags;
	u8 pad2[2];
};

static u64 base_tsc;
/*
 * Nanoseconds of one TSC cycle, << 32. 0 until clock_init(), so that the clock returns 0 until
 * then.
 */
static u64 ns_per_tsc;
static u64 tsc_per_ns;    /* TSC cycles of one ns, << 32; for the deadline mode */
static u64 apic_per_ns;   /* counts of the APIC timer in one ns, << 32; for the counting mode */
static bool use_deadline; /* the timer's mode: true: TSC deadline; false: count of bus cycles */
static bool timer_ready;
static u64 armed = HAL_TIMER_OFF;

/* Returns @a * @b >> 32, with a 128-bit product. */
static u64 scale(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 32);
}

/*
 * Returns (@a << 32) / @b.  The division is done bit by bit, because the compiler's 128-bit
 * division would need a library.
 */
static u64 ratio(u64 a, u64 b)
{
	u64 whole = a / b;
	u64 rest = a % b;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		rest <<= 1;
		whole = whole << 1 | (rest >= b);
		if (rest >= b)
			rest -= b;
	}
	return whole;
}

static bool plausible(u64 hz)
{
	return hz >= TSC_HZ_MIN && hz <= TSC_HZ_MAX;
}

/* ---- sources that state the speed ------------------------------------------------------------- */

static u64 hz_from_cpu(void)
{
	struct cpuid_result r;

	if (cpuid(0, 0).eax < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (r.eax == 0 || r.ebx == 0)
		return 0;
	return (u64)r.ecx * r.ebx / r.eax;
}

static u32 hypervisor_leaves(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR))
		return 0;
	return cpuid(CPUID_HV_BASE, 0).eax;
}

static u64 hz_from_hypervisor(u64 *apic_hz)
{
	struct cpuid_result r;

	if (hypervisor_leaves() < CPUID_HV_TIMING)
		return 0;
	r = cpuid(CPUID_HV_TIMING, 0);
	*apic_hz = r.ebx * 1000ULL;
	return r.eax * 1000ULL;
}

static u64 hz_from_kvm(void)
{
	static struct pvclock page __aligned(64);
	u64 hz = 0;

	if (hypervisor_leaves() < CPUID_KVM_FEATURES || !hypervisor_is("KVMKVMKVM\0\0"))
		return 0;
	if (!(cpuid(CPUID_KVM_FEATURES, 0).eax & KVM_FEATURE_CLOCK))
		return 0;

	wrmsr(MSR_KVM_CLOCK_NEW, hal_virt_to_phys(&page) | 1);
	barrier();
	if (page.tsc_to_system_mul) {
		hz = (NSEC_PER_SEC << 32) / page.tsc_to_system_mul;
		hz = page.tsc_shift < 0 ? hz << -page.tsc_shift : hz >> page.tsc_shift;
	}
	/* Only the frequency was needed: tell the hypervisor not to write to the page any more. */
	wrmsr(MSR_KVM_CLOCK_NEW, 0);
	return hz;
}

/* ---- measuring -------------------------------------------------------------------------------- */

struct sample {
	u64 tsc;
	u64 reference;
	u32 apic;
};

/*
 * Reads the three counters as nearly at the same time as possible: makes several readings, and
 * returns the one that took the least time.
 */
static struct sample take_sample(const struct time_reference *ref)
{
	struct sample best = {0};
	u64 shortest = ~0ULL;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u64 before = rdtsc_ordered();
		u64 reference = ref->read();
		u64 after = rdtsc_ordered();

		if (after - before < shortest) {
			shortest = after - before;
			best.tsc = before + (after - before) / 2;
			best.reference = reference;
			best.apic = apic_timer_remaining();
		}
	}
	return best;
}

/*
 * Measures the TSC and the APIC timer against @ref.  Returns the TSC's frequency, or 0 if the count
 * of @ref does not change.
 */
static u64 measure(const struct time_reference *ref, u64 *apic_hz)
{
	u64 wanted = ref->window_ns * ref->hz / NSEC_PER_SEC;
	struct sample start = take_sample(ref);
	struct sample end;
	u64 polls = 0, ticks;

	while (((ref->read() - start.reference) & ref->mask) < wanted)
		if (++polls > ref->window_ns / REGISTER_READ_NS)
			return 0;
	end = take_sample(ref);
	ticks = (end.reference - start.reference) & ref->mask;
	*apic_hz = (u64)(start.apic - end.apic) * APIC_TIMER_UNIT * ref->hz / ticks;
	return (end.tsc - start.tsc) * ref->hz / ticks;
}

/* Measures the APIC timer against the TSC, whose frequency is known.  Returns the bus frequency. */
static u64 measure_apic(u64 tsc_hz)
{
	u64 wanted = tsc_hz / (NSEC_PER_SEC / APIC_MEASURE_NS);
	u64 start_tsc = rdtsc_ordered();
	u32 start = apic_timer_remaining();
	u64 tsc;

	do {
		tsc = rdtsc_ordered();
	} while (tsc - start_tsc < wanted);
	return (u64)(start - apic_timer_remaining()) * APIC_TIMER_UNIT * tsc_hz / (tsc - start_tsc);
}

/*
 * Tries one source of the TSC's frequency after the other.  Returns the name of the first whose
 * value is plausible.
 */
static const char *find_tsc_hz(u64 *hz, u64 *apic_hz)
{
	const struct time_reference *ref;
	unsigned int i;

	*apic_hz = 0;
	*hz = hz_from_cpu();
	if (plausible(*hz))
		return "CPUID 15h";
	*hz = hz_from_hypervisor(apic_hz);
	if (plausible(*hz))
		return "the hypervisor";
	*hz = hz_from_kvm();
	if (plausible(*hz))
		return "KVM's clock";
	for (i = 0; (ref = time_reference(i)) != NULL; i++) {
		*hz = measure(ref, apic_hz);
		if (plausible(*hz))
			return ref->name;
	}
	*apic_hz = 0;
	*hz = cpuid(0, 0).eax >= 0x16 ? (cpuid(0x16, 0).eax & 0xffff) * 1000000ULL : 0;
	if (plausible(*hz))
		return "CPUID 16h";
	*hz = TSC_HZ_GUESS;
	pr_warn("clock: no timer to measure the TSC with; time runs at a guessed speed");
	return "a guess";
}

static void program_timer(u64 deadline_ns);

void clock_init(u64 entry_tsc)
{
	const char *source;
	u64 hz, apic_hz;

	use_deadline = cpuid(1, 0).ecx & CPUID_TSC_DEADLINE;
	apic_timer_start(~0U);
	source = find_tsc_hz(&hz, &apic_hz);
	if (!use_deadline && apic_hz == 0)
		apic_hz = measure_apic(hz);
	apic_timer_start(0);
	if (use_deadline)
		apic_timer_use_deadline();

	base_tsc = entry_tsc;
	tsc_per_ns = ratio(hz, NSEC_PER_SEC);
	apic_per_ns = ratio(apic_hz / APIC_TIMER_UNIT, NSEC_PER_SEC);
	ns_per_tsc = ratio(NSEC_PER_SEC, hz);
	pr_info("clock: TSC at %lu kHz by %s, timer by %s", (unsigned long)(hz / 1000), source,
		use_deadline ? "TSC deadline" : "APIC count");

	timer_ready = true;
	if (armed != HAL_TIMER_OFF)
		program_timer(armed);
}

/* ---- the clock -------------------------------------------------------------------------------- */

u64 hal_clock_raw(void)
{
	return rdtsc_ordered();
}

u64 hal_clock_from_raw(u64 raw)
{
	return scale(raw - base_tsc, ns_per_tsc);
}

u64 hal_clock_ns(void)
{
	return hal_clock_from_raw(hal_clock_raw());
}

void clock_factors(u64 *base, u64 *ns_per_cycle)
{
	*base = base_tsc;
	*ns_per_cycle = ns_per_tsc;
}

/* ---- the timer -------------------------------------------------------------------------------- */

static void program_timer(u64 deadline_ns)
{
	u64 tsc = rdtsc_ordered();
	u64 now = scale(tsc - base_tsc, ns_per_tsc);
	u64 delta = deadline_ns > now ? min_t(u64, deadline_ns - now, TIMER_DELTA_MAX) : 0;

	if (use_deadline) {
		wrmsr(MSR_TSC_DEADLINE, tsc + scale(delta, tsc_per_ns));
	} else {
		/*
		 * Round up, because an interrupt that comes too early must be repeated.  The count
		 * must not be 0, which would stop the timer.
		 */
		u64 count = scale(delta, apic_per_ns) + 1;

		apic_timer_start((u32)min_t(u64, count, ~0U));
	}
}

void hal_arm_timer(u64 deadline_ns)
{
	if (deadline_ns == armed)
		return;
	armed = deadline_ns;
	if (!timer_ready)
		return;
	if (deadline_ns != HAL_TIMER_OFF)
		program_timer(deadline_ns);
	else if (use_deadline)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		apic_timer_start(0);
}

bool clock_timer_is_due(void)
{
	/* The timer was disarmed after it had raised this interrupt. */
	if (armed == HAL_TIMER_OFF)
		return false;
	/*
	 * The interrupt came too early, because the two clocks differ slightly, or a long wait was
	 * divided: arm the timer again.
	 */
	if (hal_clock_ns() < armed) {
		program_timer(armed);
		return false;
	}
	armed = HAL_TIMER_OFF;
	return true;
}
