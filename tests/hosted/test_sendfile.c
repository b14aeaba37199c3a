/* SPDX-License-Identifier: MIT */
/*
 * sendfile() from a file to a connection: the bytes arrive complete and in order.  The packets refer to
 * the file's pages instead of copying them, until the peer has acknowledged the bytes.
 */
#include "tests/hosted/scene.h"

#include <fcntl.h>
#include <sys/sendfile.h>

#define FILE_BYTES (300 * 1024 + 77)

static uint8_t bytes[FILE_BYTES], got[FILE_BYTES];

/* Returns a descriptor of a new file on A with the bytes. */
static int make_file(void)
{
	int fd = scene_call(A, SYS_open, PTR("/file"), O_CREAT | O_RDWR, 0600);

	assert_true(fd >= 0);
	scene_fill(bytes, sizeof(bytes), 7);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR(bytes), sizeof(bytes)), sizeof(bytes));
	return fd;
}

static void remove_file(int fd)
{
	scene_close(A, fd);
	assert_int_equal(scene_call(A, SYS_unlink, PTR("/file")), 0);
}

static void a_file_arrives(void)
{
	struct pair p = scene_pair();
	int fd = make_file();
	int64_t call, reader;

	assert_int_equal(scene_call(A, SYS_lseek, fd, 5, SEEK_SET), 5);
	call = scene_begin(A, SYS_sendfile, p.a, fd, 0, 1 << 30);
	reader = scene_begin(B, SYS_recvfrom, p.b, PTR(got), FILE_BYTES - 5, MSG_WAITALL, 0, 0);
	assert_int_equal(scene_end(A, call), FILE_BYTES - 5);
	assert_int_equal(scene_end(B, reader), FILE_BYTES - 5);
	assert_memory_equal(got, bytes + 5, FILE_BYTES - 5);
	assert_int_equal(scene_call(A, SYS_lseek, fd, 0, SEEK_CUR), FILE_BYTES);
	assert_int_equal(scene_call(A, SYS_sendfile, p.a, fd, 0, 100), 0);
	remove_file(fd);
	scene_pair_close(&p);
}

/*
 * The file is removed and closed while its pages wait for acknowledgements: the peer still gets them,
 * also in retransmissions.
 */
static void the_file_is_removed_at_once(void)
{
	struct pair p = scene_pair();
	int fd = make_file();
	off_t pos = 1000;
	int64_t n;

	scene_drop_many(A, DATA, 1, 3);
	n = scene_call(A, SYS_sendfile, p.a, fd, PTR(&pos), 20000);
	assert_int_equal(n, 20000);
	assert_int_equal(pos, 21000);
	assert_int_equal(scene_call(A, SYS_lseek, fd, 0, SEEK_CUR), FILE_BYTES);
	remove_file(fd);
	scene_recv_all(B, p.b, got, n);
	assert_memory_equal(got, bytes + 1000, n);
	assert_true(scene_counter(A, "Tcp.RetransSegs") > 0);
	scene_pair_close(&p);
}

/* A non-blocking call sends as much as the send buffer has room for; without room it fails with
 * EAGAIN. */
static void no_room(void)
{
	struct pair p = scene_pair();
	int fd = make_file();
	int64_t n, total = 0;
	off_t pos = 0;

	scene_nonblock(A, p.a);
	while ((n = scene_call(A, SYS_sendfile, p.a, fd, PTR(&pos), FILE_BYTES)) > 0)
		total += n;
	assert_int_equal(n, total == FILE_BYTES ? 0 : -EAGAIN);
	assert_int_equal(pos, total);
	scene_recv_all(B, p.b, got, total);
	assert_memory_equal(got, bytes, total);
	remove_file(fd);
	scene_pair_close(&p);
}

/* Segments are full, although a page is no multiple of the MSS: the stack waits for the next
 * page. */
static void segments_are_full(void)
{
	struct pair p = scene_pair();
	int fd = make_file();
	off_t pos = 0;
	unsigned int n = 0;

	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_mark();
	assert_int_equal(scene_call(A, SYS_sendfile, p.a, fd, PTR(&pos), 14480), 14480);
	scene_recv_all(B, p.b, got, 14480);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		n += scene_nth(A, DATA, i)->len;
	assert_int_equal(n, 14480);
	assert_int_equal(scene_count(A, DATA), 10);
	remove_file(fd);
	scene_pair_close(&p);
}

static void errors(void)
{
	struct pair p = scene_pair();
	int fd = make_file();

	assert_int_equal(scene_call(A, SYS_sendfile, fd, p.a, 0, 10), -EINVAL);
	assert_int_equal(scene_call(A, SYS_sendfile, p.a, 999, 0, 10), -EBADF);
	assert_int_equal(scene_call(A, SYS_sendfile, 999, fd, 0, 10), -EBADF);
	scene_shutdown(A, p.a, SHUT_WR);
	assert_int_equal(scene_call(A, SYS_lseek, fd, 0, SEEK_SET), 0);
	assert_int_equal(scene_call(A, SYS_sendfile, p.a, fd, 0, 10), -EPIPE);
	assert_int_equal(scene_call(A, SYS_lseek, fd, 0, SEEK_CUR), 0);
	remove_file(fd);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_file_arrives), SCENE(the_file_is_removed_at_once),
		SCENE(no_room),        SCENE(segments_are_full),
		SCENE(errors),
	};

	return scene_play(tests);
}
