/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPT_NAME = 1,
	OPT_TO,
	OPT_FROM,
	OPT_UDP,
	OPT_SCTP,
	OPT_UNCONNECTED,
	OPT_MAPPED,
	OPT_SERVER_CLOSES,
	OPT_FRESH,
	OPT_NO_CHECKSUM,
	OPT_BAD_CHECKSUM,
	OPT_PORT,
	OPT_SOURCE_PORT,
	OPT_COUNT,
	OPT_INTERVAL_US,
	OPT_TIMEOUT_MS,
	OPT_REQUEST_SIZE,
	OPT_REPLY_SIZE,
	OPT_DURATION_MS,
	OPT_FLAGS,
};

static const struct option long_options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "to", required_argument, NULL, OPT_TO },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "udp", no_argument, NULL, OPT_UDP },
	{ "sctp", no_argument, NULL, OPT_SCTP },
	{ "unconnected", no_argument, NULL, OPT_UNCONNECTED },
	{ "mapped", no_argument, NULL, OPT_MAPPED },
	{ "server-closes", no_argument, NULL, OPT_SERVER_CLOSES },
	{ "fresh", no_argument, NULL, OPT_FRESH },
	{ "no-checksum", no_argument, NULL, OPT_NO_CHECKSUM },
	{ "bad-checksum", no_argument, NULL, OPT_BAD_CHECKSUM },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "source-port", required_argument, NULL, OPT_SOURCE_PORT },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "interval-us", required_argument, NULL, OPT_INTERVAL_US },
	{ "timeout-ms", required_argument, NULL, OPT_TIMEOUT_MS },
	{ "request-size", required_argument, NULL, OPT_REQUEST_SIZE },
	{ "reply-size", required_argument, NULL, OPT_REPLY_SIZE },
	{ "duration-ms", required_argument, NULL, OPT_DURATION_MS },
	{ "flags", required_argument, NULL, OPT_FLAGS },
	{ NULL, 0, NULL, 0 },
};

static void parse_endpoint(const char *text, struct endpoint *endpoint)
{
	if (endpoint_parse(text, endpoint))
		return;
	fprintf(stderr, "traffic: '%s' is not ADDRESS:PORT\n", text);
	exit(2);
}

static void set_switch(struct options *options, int option)
{
	switch (option) {
	case OPT_UDP:
		options->udp = true;
		break;
	case OPT_SCTP:
		options->sctp = true;
		break;
	case OPT_UNCONNECTED:
		options->unconnected = true;
		break;
	case OPT_MAPPED:
		options->mapped = true;
		break;
	case OPT_SERVER_CLOSES:
		options->server_closes = true;
		break;
	case OPT_FRESH:
		options->fresh = true;
		break;
	case OPT_NO_CHECKSUM:
		options->no_checksum = true;
		break;
	case OPT_BAD_CHECKSUM:
		options->bad_checksum = true;
		break;
	default:
		exit(2);
	}
}

static void set_value(struct options *options, int option)
{
	int number = strtol(optarg, NULL, 0);

	switch (option) {
	case OPT_NAME:
		options->name = optarg;
		break;
	case OPT_TO:
		parse_endpoint(optarg, &options->to);
		break;
	case OPT_FROM:
		parse_endpoint(optarg, &options->from);
		break;
	case OPT_PORT:
		options->port = number;
		break;
	case OPT_SOURCE_PORT:
		options->source_port = number;
		break;
	case OPT_COUNT:
		options->count = number;
		break;
	case OPT_INTERVAL_US:
		options->interval_us = number;
		break;
	case OPT_TIMEOUT_MS:
		options->timeout_ms = number;
		break;
	case OPT_REQUEST_SIZE:
		options->request_size = number;
		break;
	case OPT_REPLY_SIZE:
		options->reply_size = number;
		break;
	case OPT_DURATION_MS:
		options->duration_ms = number;
		break;
	case OPT_FLAGS:
		options->flags = number;
		break;
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.name = "server",
		.timeout_ms = 2000,
		.interval_us = 1000,
	};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >=
	       0) {
		if (optarg)
			set_value(options, option);
		else
			set_switch(options, option);
	}
	if (optind < argc) {
		fprintf(stderr, "traffic: what is '%s'?\n", argv[optind]);
		exit(2);
	}
	if (options->mapped)
		endpoint_map(&options->to);
}
