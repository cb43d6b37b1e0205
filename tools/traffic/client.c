/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 70000

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static int set_source_port(int fd, int family, int port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	struct sockaddr_in in4 = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&in4, sizeof(in4));
	return bind(fd, (struct sockaddr *)&in6, sizeof(in6));
}

/* The timeout of a blocking connect is the send timeout. */
static int open_socket(const struct options *options, struct answer *answer)
{
	struct timeval timeout = {
		.tv_sec = options->timeout_ms / 1000,
		.tv_usec = options->timeout_ms % 1000 * 1000,
	};
	int family = options->to.addr.ss_family;
	int one = 1;
	int fd;

	answer->step = "socket";
	fd = socket(family, options->udp ? SOCK_DGRAM : SOCK_STREAM,
		    options->sctp ? IPPROTO_SCTP : 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (options->no_checksum)
		setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one));
	answer->step = "bind";
	if (options->from.len &&
	    bind(fd, (const struct sockaddr *)&options->from.addr,
		 options->from.len))
		goto fail;
	if (options->source_port &&
	    set_source_port(fd, family, options->source_port))
		goto fail;
	answer->step = "connect";
	if (!options->unconnected &&
	    connect(fd, (const struct sockaddr *)&options->to.addr,
		    options->to.len))
		goto fail;
	return fd;
fail:
	one = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
	close(fd);
	errno = one;
	return -1;
}

static int send_request(int fd, const struct options *options)
{
	static char request[MESSAGE_MAX];
	const struct sockaddr *to = NULL;
	socklen_t to_len = 0;
	int len;

	len = snprintf(request, sizeof(request), "%c %d",
		       options->server_closes ? 'C' : 'R', options->reply_size);
	while (len < options->request_size - 1 && len < MESSAGE_MAX - 1)
		request[len++] = ' ';
	request[len++] = '\n';
	if (options->unconnected) {
		to = (const struct sockaddr *)&options->to.addr;
		to_len = options->to.len;
	}
	return sendto(fd, request, len, MSG_NOSIGNAL, to, to_len) == len ? 0 :
									   -1;
}

/* Reads until the newline that ends a reply. */
static int read_reply(int fd, const struct options *options,
		      struct answer *answer, char *reply)
{
	long deadline = now_us() + options->timeout_ms * 1000L;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct endpoint from;
	int used = 0;

	while (!used || reply[used - 1] != '\n') {
		long left_ms = (deadline - now_us() + 999) / 1000;
		ssize_t got;
		int events;

		events = left_ms <= 0 ? 0 : poll(&ready, 1, left_ms);
		if (events < 0)
			return -1;
		if (events == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		from.len = sizeof(from.addr);
		got = recvfrom(fd, reply + used, MESSAGE_MAX - 1 - used,
			       MSG_DONTWAIT, (struct sockaddr *)&from.addr,
			       &from.len);
		if (got < 0)
			return -1;
		if (got == 0) {
			errno = EPIPE;
			return -1;
		}
		used += got;
		if (options->udp)
			endpoint_format(&from, answer->from);
	}
	reply[used] = 0;
	return 0;
}

/* Waits until the server has closed, so that it is the first to do so. */
static void wait_for_close(int fd, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte;

	while (poll(&ready, 1, timeout_ms) > 0 && recv(fd, &byte, 1, 0) > 0)
		;
}

static void fill_names(int fd, struct answer *answer)
{
	struct endpoint name;

	name.len = sizeof(name.addr);
	if (!getpeername(fd, (struct sockaddr *)&name.addr, &name.len))
		endpoint_format(&name, answer->peername);
	name.len = sizeof(name.addr);
	if (!getsockname(fd, (struct sockaddr *)&name.addr, &name.len))
		endpoint_format(&name, answer->local);
}

static int ask(int *fd, const struct options *options, struct answer *answer)
{
	static char reply[MESSAGE_MAX];

	if (*fd < 0)
		*fd = open_socket(options, answer);
	if (*fd < 0)
		return -1;
	fill_names(*fd, answer);
	answer->step = "send";
	if (send_request(*fd, options))
		return -1;
	answer->step = "receive";
	if (read_reply(*fd, options, answer, reply))
		return -1;
	sscanf(reply, "%31s %63s", answer->server, answer->seen);
	if (options->server_closes)
		wait_for_close(*fd, options->timeout_ms);
	return 0;
}

int client_ask(int *fd, const struct options *options, struct answer *answer)
{
	long start = now_us();

	memset(answer, 0, sizeof(*answer));
	answer->error = ask(fd, options, answer) ? errno : 0;
	answer->us = now_us() - start;
	return answer->error;
}

void client_print(const struct answer *answer)
{
	if (answer->error)
		printf("{\"ok\":false,\"step\":\"%s\",\"error\":\"%s\"",
		       answer->step, strerrorname_np(answer->error));
	else
		printf("{\"ok\":true,\"server\":\"%s\",\"seen\":\"%s\"",
		       answer->server, answer->seen);
	printf(",\"from\":\"%s\",\"peername\":\"%s\",\"local\":\"%s\",\"us\":%ld}\n",
	       answer->from, answer->peername, answer->local, answer->us);
	fflush(stdout);
}
