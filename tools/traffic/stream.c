/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection that carries as much as it can, in one direction. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "sockets.h"

#define CHUNK (256 << 10)

static char chunk[CHUNK];

int command_stream_serve(const struct options *options)
{
	int server = server_open(SOCK_STREAM, options->port, 16);

	fprintf(stderr, "started\n");
	for (;;) {
		int fd = accept(server, NULL, NULL);

		if (fd < 0)
			die("accept");
		while (recv(fd, chunk, CHUNK, 0) > 0)
			;
		close(fd);
	}
}

/* The clock stops when the server has received everything and closed. */
int command_stream(const struct options *options)
{
	int fd = connection_open(options);
	double length = options->duration_ms / 1e3;
	long long bytes = 0;
	double start;

	start = clock_seconds();
	do {
		ssize_t sent = send(fd, chunk, CHUNK, MSG_NOSIGNAL);

		if (sent < 0)
			die("send");
		bytes += sent;
	} while (clock_seconds() - start < length);
	shutdown(fd, SHUT_WR);
	if (recv(fd, chunk, 1, 0) != 0)
		die("close");
	printf("{\"bytes\":%lld,\"seconds\":%.6f}\n", bytes,
	       clock_seconds() - start);
	close(fd);
	return 0;
}
