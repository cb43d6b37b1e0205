/* SPDX-License-Identifier: Apache-2.0 */
#include "sockets.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

void die(const char *what)
{
	perror(what);
	exit(1);
}

int server_open(int type, int port, int backlog)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0);
	int off = 0, on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
		die("bind");
	if (type == SOCK_STREAM && listen(fd, backlog))
		die("listen");
	return fd;
}

int sctp_server_open(int family, int port)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
				     .sin6_port = htons(port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int fd = socket(family, SOCK_STREAM, IPPROTO_SCTP);
	int on = 1;

	if (fd < 0)
		die("socket");
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (family == AF_INET6 ?
		    bind(fd, (struct sockaddr *)&any6, sizeof(any6)) :
		    bind(fd, (struct sockaddr *)&any4, sizeof(any4)))
		die("bind");
	if (listen(fd, 1024))
		die("listen");
	return fd;
}

int connection_open(const struct options *options)
{
	struct timeval timeout = { .tv_sec = options->timeout_ms / 1000,
				   .tv_usec =
					   options->timeout_ms % 1000 * 1000 };
	int fd = socket(options->to.addr.ss_family, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&options->to.addr,
		    options->to.len))
		die("connect");
	return fd;
}
