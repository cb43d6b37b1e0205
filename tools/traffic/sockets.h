/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets as several commands open them. What fails ends the program. */
#ifndef TRAFFIC_SOCKETS_H
#define TRAFFIC_SOCKETS_H

#include "options.h"

/* Says what failed, with errno's text, and exits with 1. */
_Noreturn void die(const char *what);

/* A server of both families on all addresses. backlog is for SOCK_STREAM. */
int server_open(int type, int port, int backlog);

/* A server of SCTP on all addresses of one family: of both, it would tell its
 * peers of all of them, and they would use those past any translator. */
int sctp_server_open(int family, int port);

/* A TCP connection to options->to; the time limit is for every later call. */
int connection_open(const struct options *options);

#endif /* TRAFFIC_SOCKETS_H */
