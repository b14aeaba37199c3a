/* SPDX-License-Identifier: MIT */
/*
 * idle: counts the connections that the guest can hold.  Opens connections, of which at most -k are
 * being established at a time; each echoes one byte when it is established and is then held.
 * Opening stops at -n connections, after 3 s without progress, or after two thirds of -t.  Then one
 * byte is echoed on every held connection, so that only working connections count.
 *
 * If the limit of open files is too low for -n, several processes share the connections and open
 * them one after the other.
 */
#include "netbench.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define WORKERS_MAX      64
#define OPEN_STALLED_NS  3000000000ull
#define CHECK_STALLED_NS 5000000000ull

struct idle {
	int opened, failed, ok, stalled;
};

enum { UNUSED, CONNECTING, FIRST_ECHO, HELD, SECOND_ECHO, PROVEN, FAILED };

struct held {
	int fd, state;
};

static struct held *hold;
static int started, in_flight, gone;

static void failed(struct held *h)
{
	h->state = FAILED;
	watch(EPOLL_CTL_DEL, h->fd, 0, 0);
}

static void open_event(struct held *h, int i, uint32_t events, struct idle *o)
{
	char x = (char)i;

	if (h->state == CONNECTING && !(events & (EPOLLERR | EPOLLHUP)) &&
	    send(h->fd, &x, 1, MSG_NOSIGNAL) == 1) {
		h->state = FIRST_ECHO;
		watch(EPOLL_CTL_MOD, h->fd, EPOLLIN, i);
		return;
	}
	if (h->state == FIRST_ECHO && recv(h->fd, &x, 1, 0) == 1 && x == (char)i) {
		h->state = HELD;
		in_flight--;
		o->opened++;
		return;
	}
	if (h->state == HELD) /* the guest closed the connection */
		o->opened--;
	else
		in_flight--;
	o->failed++;
	failed(h);
}

static void idle_open(int n, uint64_t limit, struct idle *o)
{
	uint64_t t, last = now();
	bool full = false;
	struct epoll_event ev[256];

	hold = xalloc(n * sizeof(*hold));
	while (o->opened + o->failed < n && !(full && !in_flight)) {
		int before = o->opened;

		t = now();
		if (t >= limit || t - last > OPEN_STALLED_NS)
			break;
		while (!full && in_flight < opt_k && started < n) {
			struct held *h = &hold[started];

			h->fd = new_socket(SOCK_STREAM, 7);
			full = h->fd < 0;
			if (full)
				break;
			h->state = CONNECTING;
			watch(EPOLL_CTL_ADD, h->fd, EPOLLOUT, started++);
			in_flight++;
		}
		int k = epoll_wait(ep, ev, 256, 50);

		for (int j = 0; j < k; j++)
			open_event(&hold[ev[j].data.u64], ev[j].data.u64, ev[j].events, o);
		if (o->opened > before)
			last = now();
	}
	o->stalled = o->opened < n;
}

static void check_event(struct held *h, int i, struct idle *o)
{
	char x;

	if (h->state == SECOND_ECHO) {
		in_flight--;
		if (recv(h->fd, &x, 1, 0) == 1 && x == (char)(i + 1)) {
			h->state = PROVEN;
			o->ok++;
			return;
		}
		gone++;
	} else if (h->state == HELD) { /* the guest closed the connection while it was idle */
		gone++;
	}
	failed(h);
}

static void idle_check(uint64_t limit, struct idle *o)
{
	uint64_t t, last = now();
	struct epoll_event ev[256];
	int next = 0;

	in_flight = 0;
	while (o->ok + gone < o->opened) {
		int before = o->ok;

		t = now();
		if (t >= limit || t - last > CHECK_STALLED_NS)
			break;
		while (in_flight < opt_k && next < started) {
			int i = next++;
			char x = (char)(i + 1);

			if (hold[i].state != HELD)
				continue;
			if (send(hold[i].fd, &x, 1, MSG_NOSIGNAL) != 1) {
				failed(&hold[i]);
				gone++;
				continue;
			}
			hold[i].state = SECOND_ECHO;
			in_flight++;
		}
		int k = epoll_wait(ep, ev, 256, 50);

		for (int j = 0; j < k; j++)
			check_event(&hold[ev[j].data.u64], ev[j].data.u64, o);
		if (o->ok > before)
			last = now();
	}
}

struct worker {
	pid_t pid;
	/* pipes: @cmd takes command bytes to the worker, @res brings a struct idle from it */
	int cmd, res;
	struct idle o;
};

/*
 * A worker process.  It opens connections and reports; then, at a command, it checks them and
 * reports again; it ends at another command.
 */
static void work(int n, int cmd, int res, uint64_t open_limit, uint64_t limit)
{
	struct idle o = {0};
	char go;

	close(ep);
	ep = epoll_create1(EPOLL_CLOEXEC);
	idle_open(n, open_limit, &o);
	if (write(res, &o, sizeof(o)) != sizeof(o) || read(cmd, &go, 1) != 1)
		_exit(1);
	idle_check(limit, &o);
	if (write(res, &o, sizeof(o)) != sizeof(o) || read(cmd, &go, 1) != 1)
		_exit(1);
	for (int i = 0; i < started; i++)
		reset_close(hold[i].fd);
	_exit(0);
}

/* Starts a worker; returns false if it could not be started or ended early. */
static bool hire(struct worker *w, int n, uint64_t open_limit, uint64_t limit)
{
	int c[2], r[2];

	if (pipe(c) || pipe(r))
		die("pipe");
	memset(&w->o, 0, sizeof(w->o));
	w->pid = fork();
	if (w->pid == 0) {
		close(c[1]);
		close(r[0]);
		work(n, c[0], r[1], open_limit, limit);
	}
	close(c[0]);
	close(r[1]);
	w->cmd = c[1];
	w->res = r[0];
	return w->pid > 0 && read(w->res, &w->o, sizeof(w->o)) == sizeof(w->o);
}

/* Reports that the connections are open, and waits for a byte on the standard input. */
static void pause_open(int opened)
{
	char go;

	printf("{\"opened\":%d}\n", opened);
	fflush(stdout);
	(void)!read(STDIN_FILENO, &go, 1);
}

static int files_each(void)
{
	struct rlimit rl;

	getrlimit(RLIMIT_NOFILE, &rl);
	return (int)rl.rlim_cur - 300;
}

void run_idle(void)
{
	static struct worker w[WORKERS_MAX];
	uint64_t start = now(), open_limit = start + secs(opt_t * 2 / 3),
		 limit = start + secs(opt_t), t1;
	int nw = 0, left = opt_n, each = files_each();
	struct idle sum = {0};
	struct cost a, b;

	cost_read(&a);
	fflush(stdout);
	while (left > 0 && nw < WORKERS_MAX && now() < open_limit) {
		int n = left < each ? left : each;

		if (!hire(&w[nw], n, open_limit, limit))
			break;
		sum.opened += w[nw].o.opened;
		sum.failed += w[nw].o.failed;
		left -= n;
		if (w[nw++].o.stalled)
			break;
	}
	cost_read(&b);
	if (opt_pause)
		pause_open(sum.opened);
	t1 = now();
	/* One worker checks at a time; the connections of the others stay open meanwhile. */
	for (int i = 0; i < nw; i++)
		if (write(w[i].cmd, "c", 1) == 1 &&
		    read(w[i].res, &w[i].o, sizeof(w[i].o)) == sizeof(w[i].o))
			sum.ok += w[i].o.ok;
	double echo_s = (now() - t1) / 1e9;

	for (int i = 0; i < nw; i++)
		(void)!write(w[i].cmd, "q", 1);
	while (waitpid(-1, NULL, 0) > 0)
		;
	put("\"mode\":\"idle\",\"wanted\":%d,\"opened\":%d,\"echo_ok\":%d,\"failed\":%d", opt_n,
	    sum.opened, sum.ok, sum.failed);
	put("\"open_s\":%.3f,\"echo_s\":%.3f,\"echo_per_s\":%.1f", (b.t - a.t) / 1e9, echo_s,
	    sum.ok / (echo_s > 0 ? echo_s : 1));
	put_cost(&a, &b, sum.opened, "open");
}
