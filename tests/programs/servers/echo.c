/* SPDX-License-Identifier: MIT */
/* An echo server with a thread for each connection: port 7777.  Built static, static-pie, dynamic. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *bytes = malloc(65536);
	ssize_t n;

	while (bytes && (n = read(fd, bytes, 65536)) > 0)
		for (ssize_t done = 0, part; done < n; done += part)
			if ((part = write(fd, bytes + done, n - done)) < 0)
				break;
	free(bytes);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	pthread_t thread;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 100)) {
		perror("echo");
		return 1;
	}
	printf("READY %d arguments, %s, %.3f\n", argc, argc > 1 ? argv[1] : "-", 355 / 113.0);
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd))
			close(fd);
		else
			pthread_detach(thread);
	}
	return 1;
}
