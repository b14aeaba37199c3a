/* SPDX-License-Identifier: MIT */
/*
 * Measures the cost of a mode: CPU time of QEMU's threads and of this client, guest instructions, and
 * latencies.  Every mode prints these results at its end as one line of JSON, which put() writes.
 */
#include "netbench.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

/*
 * At most this many latencies are recorded: enough for 2 minutes at 70,000 a second. The quantiles do
 * not include later latencies.
 */
#define LAT_MAX (8u << 20)

static uint32_t *lat;
static uint64_t lat_n;

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t secs(double s)
{
	return (uint64_t)(s * 1e9);
}

void die(const char *what)
{
	printf("{\"mode\":\"%s\",\"error\":\"%s: %s\"}\n", mode ? mode : "", what, strerror(errno));
	exit(1);
}

void *xalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		die("memory");
	return p;
}

/*
 * Adds the CPU time of one of QEMU's threads: with debug-threads=on the vCPU's thread is named "CPU
 * 0/TCG".
 */
static void cost_of_thread(struct cost *c, const char *task)
{
	char path[300], comm[64] = "";
	uint64_t ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", opt_pid, task);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%lu", &ns) != 1)
			ns = 0;
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", opt_pid, task);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		fclose(f);
	}
	if (!strncmp(comm, "CPU ", 4))
		c->vcpu += ns;
	else
		c->other += ns;
}

void cost_read(struct cost *c)
{
	struct timespec ts;

	memset(c, 0, sizeof(*c));
	if (opt_pid) {
		char path[64];
		struct dirent *e;
		DIR *d;

		snprintf(path, sizeof(path), "/proc/%d/task", opt_pid);
		d = opendir(path);
		while (d && (e = readdir(d)))
			if (e->d_name[0] != '.')
				cost_of_thread(c, e->d_name);
		if (d)
			closedir(d);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	c->client = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	for (int i = 0; insn && i < 5; i++)
		c->insn[i] = insn[i];
	c->t = now();
}

void window_begin(struct window *w)
{
	memset(w, 0, sizeof(*w));
	w->warm = now() + secs(opt_w);
	w->end = w->warm + secs(opt_t);
}

bool window_open(struct window *w, bool *begun)
{
	uint64_t t = now();

	*begun = false;
	if (t >= w->end)
		return false;
	if (!w->measuring && t >= w->warm) {
		w->measuring = *begun = true;
		cost_read(&w->a);
		w->end = w->a.t + secs(opt_t);
	}
	return true;
}

uint64_t window_until(const struct window *w)
{
	return w->measuring ? w->end : w->warm;
}

void window_close(struct window *w)
{
	if (!w->measuring)
		cost_read(&w->a);
	cost_read(&w->b);
}

double window_secs(const struct window *w)
{
	return (w->b.t - w->a.t) / 1e9;
}

void put(const char *fmt, ...)
{
	static int comma;
	va_list ap;

	printf(comma++ ? "," : "{");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

static void put_insn(const struct cost *a, const struct cost *b, double ops, const char *unit)
{
	uint64_t n = b->insn[0] - a->insn[0];

	put("\"insn\":%lu", n);
	put("\"insn_per_sec\":%.0f", n / ((b->t - a->t) / 1e9));
	if (ops > 0) {
		put("\"insn_per_%s\":%.1f", unit, n / ops);
		put("\"tb_per_%s\":%.1f", unit, (b->insn[1] - a->insn[1]) / ops);
		put("\"insn_high_half_per_%s\":%.1f", unit, (b->insn[4] - a->insn[4]) / ops);
	}
	put("\"tb_translated\":%lu", b->insn[2] - a->insn[2]);
}

/*
 * Prints the costs between samples a and b for each of ops operations, and ends the line of JSON.
 */
void put_cost(const struct cost *a, const struct cost *b, double ops, const char *unit)
{
	double w = b->t - a->t;

	put("\"secs\":%.3f", w / 1e9);
	if (opt_pid) {
		put("\"vcpu_cpu\":%.3f", (b->vcpu - a->vcpu) / w);
		put("\"qemu_other_cpu\":%.3f", (b->other - a->other) / w);
		put("\"client_cpu\":%.3f", (b->client - a->client) / w);
		if (ops > 0) {
			put("\"vcpu_us_per_%s\":%.3f", unit, (b->vcpu - a->vcpu) / 1e3 / ops);
			put("\"qemu_other_us_per_%s\":%.3f", unit,
			    (b->other - a->other) / 1e3 / ops);
			put("\"client_us_per_%s\":%.3f", unit, (b->client - a->client) / 1e3 / ops);
		}
	}
	if (insn)
		put_insn(a, b, ops, unit);
	printf("}\n");
	fflush(stdout);
}

void lat_init(void)
{
	lat = mmap(0, LAT_MAX * sizeof(*lat), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (lat == MAP_FAILED)
		die("memory for latencies");
}

void lat_add(uint64_t ns)
{
	if (lat_n < LAT_MAX)
		lat[lat_n++] = ns > UINT32_MAX ? UINT32_MAX : ns;
}

static int lat_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void put_lat(void)
{
	if (!lat_n)
		return;
	qsort(lat, lat_n, sizeof(*lat), lat_cmp);
	put("\"min_us\":%.1f", lat[0] / 1e3);
	put("\"p50_us\":%.1f", lat[lat_n / 2] / 1e3);
	put("\"p99_us\":%.1f", lat[lat_n * 99 / 100] / 1e3);
	put("\"max_us\":%.1f", lat[lat_n - 1] / 1e3);
}
