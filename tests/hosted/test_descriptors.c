/* SPDX-License-Identifier: MIT */
/* dup, fcntl, ioctl, close_range and pipes: each sequence of calls is also made on Linux, and the
 * results must be equal (beside.h). */
#include "tests/hosted/beside.h"

#include <sys/ioctl.h>
#include <termios.h>

static void make_pipe(int fds[2])
{
	assert_int_equal(on(SYS_pipe2, PTR(fds), O_NONBLOCK), 0);
}

static void close_both(const int fds[2])
{
	on(SYS_close, fds[0]);
	on(SYS_close, fds[1]);
}

static void duplicates(void)
{
	int p[2], high;

	make_pipe(p);
	try(SYS_dup, -1);
	try(SYS_dup, 1000000);
	try(SYS_dup2, -1, 300);
	try(SYS_dup2, p[0], -1);
	try(SYS_dup2, p[0], 0x7fffffff);
	try(SYS_dup2, 999, 999);
	note("onto itself", on(SYS_dup2, p[0], p[0]) == p[0]);
	try(SYS_dup3, p[0], p[0], 0);
	try(SYS_dup3, 999, 999, 0);
	try(SYS_dup3, p[0], 300, 1);
	try(SYS_dup3, p[0], 300, O_NONBLOCK);
	try(SYS_dup3, p[0], 0x7fffffff, 0);
	try(SYS_dup3, 999, 300, 0);
	try(SYS_dup3, p[0], 300, O_CLOEXEC);
	try(SYS_fcntl, 300, F_GETFD);
	try(SYS_dup2, p[1], 300);
	try(SYS_fcntl, 300, F_GETFD);
	try(SYS_fcntl, 300, F_GETFL);
	try(SYS_fcntl, p[0], F_DUPFD, -1);
	try(SYS_fcntl, p[0], F_DUPFD, 0x7fffffff);
	try(SYS_fcntl, 999, F_DUPFD, 0);
	try(SYS_fcntl, p[0], F_DUPFD, 300);
	try(SYS_fcntl, p[0], F_DUPFD_CLOEXEC, 300);
	try(SYS_fcntl, 301, F_GETFD);
	try(SYS_fcntl, 302, F_GETFD);
	try(SYS_close_range, 302, 301, 0);
	try(SYS_close_range, 300, 302, 1);
	try(SYS_close_range, 300, 302, 8);
	try(SYS_close_range, 300, 301, 4);
	try(SYS_fcntl, 300, F_GETFD);
	try(SYS_close_range, 300, 301, 0);
	try(SYS_fcntl, 300, F_GETFD);
	try(SYS_fcntl, 302, F_GETFD);
	try(SYS_close_range, 302, -1, 0);
	try(SYS_close_range, 302, -1, 2);
	try(SYS_close_range, 5000, 6000, 0);
	try(SYS_fcntl, 302, F_GETFD);
	try(SYS_close, 302);
	try(SYS_close, -1);
	/* Status flags belong to the open file, and the close-on-exec flag to the descriptor. */
	high = on(SYS_dup, p[1]);
	try(SYS_fcntl, high, F_SETFL, 0);
	try(SYS_fcntl, p[1], F_GETFL);
	try(SYS_fcntl, high, F_SETFD, 1);
	try(SYS_fcntl, p[1], F_GETFD);
	on(SYS_close, high);
	close_both(p);
}
BESIDE_LINUX(duplicates)

static void flags_of_files(void)
{
	struct flock lock = {.l_type = F_WRLCK};
	int p[2], s = on(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, zero = 0;

	try(SYS_pipe2, PTR(p), O_APPEND);
	try(SYS_pipe2, 1, 0);
	try(SYS_pipe, 1);
	try(SYS_pipe2, PTR(p), O_CLOEXEC | O_NONBLOCK);
	try(SYS_fcntl, p[0], F_GETFL);
	try(SYS_fcntl, p[1], F_GETFL);
	try(SYS_fcntl, p[1], F_GETFD);
	try(SYS_fcntl, p[1], F_SETFD, 0xfe);
	try(SYS_fcntl, p[1], F_GETFD);
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_fcntl, s, F_GETFD);
	try(SYS_fcntl, s, F_SETFL, O_NONBLOCK | O_WRONLY | O_CREAT | O_APPEND);
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_fcntl, s, F_SETFL, 0);
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_ioctl, s, FIONBIO, PTR(&one));
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_ioctl, s, FIONBIO, PTR(&zero));
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_ioctl, s, FIONBIO, 1);
	try(SYS_ioctl, s, FIOASYNC, PTR(&one));
	try(SYS_fcntl, s, F_GETFL);
	try(SYS_ioctl, s, FIOASYNC, PTR(&zero));
	try(SYS_ioctl, s, FIOCLEX);
	try(SYS_fcntl, s, F_GETFD);
	try(SYS_ioctl, s, FIONCLEX);
	try(SYS_fcntl, s, F_GETFD);
	try(SYS_ioctl, s, TCGETS, PTR(&lock));
	try(SYS_ioctl, p[0], TCGETS, PTR(&lock));
	try(SYS_ioctl, p[0], TIOCGWINSZ, PTR(&lock));
	try(SYS_ioctl, 999, TIOCGWINSZ, PTR(&lock));
	try(SYS_ioctl, p[0], FIONREAD, 1);
	try(SYS_fcntl, s, 77, 0);
	try(SYS_fcntl, 999, F_GETFL);
	try(SYS_fcntl, 999, 77, 0);
	try(SYS_fcntl, s, F_GETOWN);
	try(SYS_fcntl, p[1], F_SETLK, PTR(&lock));
	try(SYS_fcntl, p[0], F_SETLK, PTR(&lock));
	lock.l_type = F_RDLCK;
	try(SYS_fcntl, p[1], F_SETLK, PTR(&lock));
	try(SYS_fcntl, p[0], F_SETLKW, PTR(&lock));
	try(SYS_fcntl, p[0], F_GETLK, PTR(&lock));
	note("nothing locked", lock.l_type);
	try(SYS_fcntl, p[0], F_GETLK, PTR(&lock));
	try(SYS_fcntl, p[0], F_SETLK, PTR(&lock));
	lock.l_type = 9;
	try(SYS_fcntl, p[0], F_SETLK, PTR(&lock));
	try(SYS_fcntl, p[0], F_SETLK, 1);
	close_both(p);
	on(SYS_close, s);
}
BESIDE_LINUX(flags_of_files)

/* LIMIT(PIPE_PAGES_MAX): on Linux root may exceed the limit, so only the hosted kernel plays the
 * step beyond it. */
static void sizes_of_pipes(void)
{
	static char bytes[1 << 20];
	int p[2], s = on(SYS_socket, AF_INET, SOCK_STREAM, 0), n = 0;
	struct pollfd pfd;

	make_pipe(p);
	pfd = (struct pollfd){.fd = p[1], .events = POLLOUT};
	try(SYS_fcntl, p[0], F_GETPIPE_SZ);
	try(SYS_fcntl, s, F_GETPIPE_SZ);
	try(SYS_write, p[1], PTR(bytes), 1 << 20);
	try(SYS_ioctl, p[0], FIONREAD, PTR(&n));
	note("readable", n);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, 4096);
	try(SYS_poll, PTR(&pfd), 1, 0);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, 1 << 20);
	try(SYS_poll, PTR(&pfd), 1, 0);
	try(SYS_fcntl, p[1], F_GETPIPE_SZ);
	try(SYS_write, p[1], PTR(bytes), 1 << 20);
	try(SYS_read, p[0], PTR(bytes), 1 << 20);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, 0);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, 4097);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, 1);
	try(SYS_write, p[1], PTR(bytes), 5000);
	try(SYS_write, p[1], PTR(bytes), 1);
	try(SYS_fcntl, p[0], F_SETPIPE_SZ, -1);
	if (!on_linux())
		assert_int_equal(on(SYS_fcntl, p[0], F_SETPIPE_SZ, (1 << 20) + 1), -EPERM);
	close_both(p);
	on(SYS_close, s);
}
BESIDE_LINUX(sizes_of_pipes)

/* Programs call ioctl(TCGETS) to learn whether standard output is a terminal. */
static void the_console_is_a_terminal(void)
{
	struct winsize size = {1, 1, 1, 1};
	struct termios settings;

	assert_int_equal(scene_call(A, SYS_ioctl, 1, TCGETS, PTR(&settings)), 0);
	assert_int_equal(settings.c_cflag & CSIZE, CS8);
	assert_int_equal(scene_call(A, SYS_ioctl, 1, TCSETS, PTR(&settings)), 0);
	assert_int_equal(scene_call(A, SYS_ioctl, 1, TIOCGWINSZ, PTR(&size)), 0);
	assert_int_equal(size.ws_row, 0);
	assert_int_equal(scene_call(A, SYS_ioctl, 1, TCGETS, 1), -EFAULT);
	assert_int_equal(scene_call(A, SYS_ioctl, 1, FIONREAD + 0x100, 1), -ENOTTY);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(duplicates_as_linux),
		SCENE(flags_of_files_as_linux),
		SCENE(sizes_of_pipes_as_linux),
		SCENE(the_console_is_a_terminal),
	};

	return scene_play(tests);
}
