/* SPDX-License-Identifier: MIT */
/*
 * The simulator's main program: plays seeds, prints a line for each that failed, and a summary.
 *
 *	build/sim/sim [--library PATH] [--seeds N] ... (tests/sim/run is the interface for users)
 *
 * Each worker process plays every @jobs-th seed, each in a child process of its own.  So a crash is a
 * failure of one seed only, the hosts of the next seed are fresh, and a run that never ends is killed.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define JOBS_MAX    64
#define ASSIGNS_MAX 64
#define STUCK_S     120 /* s of CPU time, after which a run is killed: its kernel loops */

static struct {
	const char *library, *pcapng, *control;
	uint64_t seeds, from;
	unsigned int jobs, stop_after;
	bool replay, fields, goodput, goodput_full;
	const char *assign[ASSIGNS_MAX];
	unsigned int nr_assigns;
} args = {.library = "build/host/libsoftnet.so", .seeds = 1, .from = 1, .jobs = 1};

struct totals {
	uint64_t seeds, failed, frames, lost, bytes, virtual_ns;
};

static struct plan plan_of(uint64_t seed)
{
	struct plan p = plan_make(seed);

	for (unsigned int i = 0; i < args.nr_assigns; i++) {
		if (!plan_set(&p, args.assign[i])) {
			fprintf(stderr, "sim: %s: no such field or value\n", args.assign[i]);
			exit(2);
		}
	}
	return p;
}

/* Plays @seed in this child process and writes the outcome to @fd. */
static void play_in_child(uint64_t seed, int fd)
{
	struct plan p = plan_of(seed);
	struct outcome o;

	alarm(0);
	signal(SIGVTALRM, SIG_DFL);
	o = world_play(&p, args.library, NULL, NULL);
	_exit(write(fd, &o, sizeof(o)) == sizeof(o) ? 0 : 1);
}

static struct outcome play_apart(uint64_t seed)
{
	struct outcome o = {.failed = true};
	int fds[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0 || (pid = fork()) < 0) {
		perror("sim");
		exit(2);
	}
	if (!pid) {
		const struct timespec none = {0};
		struct itimerspec limit = {none, {STUCK_S, 0}};
		struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
		timer_t timer;

		close(fds[0]);
		if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0)
			timer_settime(timer, 0, &limit, NULL);
		play_in_child(seed, fds[1]);
	}
	close(fds[1]);
	n = read(fds[0], &o, sizeof(o));
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (n != sizeof(o)) {
		o = (struct outcome){.failed = true};
		snprintf(o.why, sizeof(o.why), "the process ended: %s %d%s",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			 WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? ", too much CPU time"
									    : "");
	}
	return o;
}

static void worker(unsigned int index, int out)
{
	struct totals t = {0};

	if (peer_start() < 0)
		exit(2);
	for (uint64_t i = index; i < args.seeds; i += args.jobs) {
		struct outcome o = play_apart(args.from + i);

		t.seeds++;
		t.failed += o.failed;
		t.frames += o.frames;
		t.lost += o.lost;
		t.bytes += o.bytes;
		t.virtual_ns += o.virtual_ns;
		if (!o.failed)
			continue;
		dprintf(1, "FAIL seed %" PRIu64 ": %s\n", args.from + i, o.why);
		/* peer.py is still in the middle of the failed run: start a new process. */
		peer_stop();
		if (peer_start() < 0)
			exit(2);
		if (args.stop_after && t.failed >= args.stop_after)
			break;
	}
	peer_stop();
	exit(write(out, &t, sizeof(t)) == sizeof(t) ? 0 : 2);
}

static int many(void)
{
	struct totals all = {0}, t;
	int fds[2];
	unsigned int wrong = 0;

	if (pipe(fds) < 0)
		return 2;
	for (unsigned int i = 0; i < args.jobs; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (!pid)
			worker(i, fds[1]);
	}
	close(fds[1]);
	while (read(fds[0], &t, sizeof(t)) == sizeof(t)) {
		all.seeds += t.seeds;
		all.failed += t.failed;
		all.frames += t.frames;
		all.lost += t.lost;
		all.bytes += t.bytes;
		all.virtual_ns += t.virtual_ns;
	}
	for (unsigned int i = 0; i < args.jobs; i++) {
		int status;

		wait(&status);
		wrong += status != 0;
	}
	printf("sim: %" PRIu64 " seeds, %" PRIu64 " failed, %" PRIu64 " frames, %" PRIu64
	       " lost, %" PRIu64 " bytes, %.0f virtual hours\n",
	       all.seeds, all.failed, all.frames, all.lost, all.bytes,
	       (double)all.virtual_ns / SEC / 3600);
	return wrong ? 2 : all.failed ? 1 : 0;
}

static int replay(void)
{
	struct plan p = plan_of(args.from);
	struct outcome o;

	/* If the reader closes the pipe (`... | head`), only the printing of events ends, not the run itself. */
	signal(SIGPIPE, SIG_IGN);
	if (p.peer && peer_start() < 0)
		return 2;
	printf("seed %" PRIu64 ":", p.seed);
	plan_print(&p, true, stdout);
	printf("\n");
	o = world_play(&p, args.library, stdout, args.pcapng);
	peer_stop();
	printf("sim: 1 seeds, %u failed, %" PRIu64 " frames, %.1f virtual seconds%s%s\n", o.failed,
	       o.frames, (double)o.virtual_ns / SEC, o.failed ? ": " : "", o.why);
	return o.failed;
}

static bool parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(a, "--library"))
			args.library = next, i++;
		else if (!strcmp(a, "--seeds"))
			args.seeds = strtoull(next, NULL, 0), i++;
		else if (!strcmp(a, "--from"))
			args.from = strtoull(next, NULL, 0), i++;
		else if (!strcmp(a, "--jobs"))
			args.jobs = strtoul(next, NULL, 0), i++;
		else if (!strcmp(a, "--stop-after"))
			args.stop_after = strtoul(next, NULL, 0), i++;
		else if (!strcmp(a, "--pcapng"))
			args.pcapng = next, i++;
		else if (!strcmp(a, "--control"))
			args.control = next, i++;
		else if (!strcmp(a, "--replay"))
			args.replay = true;
		else if (!strcmp(a, "--fields"))
			args.fields = true;
		else if (!strcmp(a, "--goodput"))
			args.goodput = true;
		else if (!strcmp(a, "--goodput-full"))
			args.goodput = args.goodput_full = true;
		else if (strchr(a, '=') && args.nr_assigns < ASSIGNS_MAX)
			args.assign[args.nr_assigns++] = a;
		else
			return false;
	}
	return args.jobs > 0 && args.jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
	if (!parse(argc, argv)) {
		fprintf(stderr, "sim: tests/sim/run --help\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (args.fields) {
		plan_print_fields(stdout);
		return 0;
	}
	if (args.goodput)
		return goodput_table(args.library, args.goodput_full, args.control, stdout);
	plan_of(args.from); /* reports an invalid field here, once, and not in every child */
	return args.replay ? replay() : many();
}
