/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
	const char *name;
	int (*run)(const struct options *options);
} commands[] = {
	{ "serve", command_serve },   { "talk", command_talk },
	{ "load", command_load },     { "look", command_look },
	{ "raw", command_raw },       { "crr-serve", command_crr_serve },
	{ "crr", command_crr },       { "stream-serve", command_stream_serve },
	{ "stream", command_stream },
};

int main(int argc, char **argv)
{
	struct options options;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands);
	     i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		options_parse(&options, argc - 1, argv + 1);
		return commands[i].run(&options);
	}
	fprintf(stderr, "usage: traffic serve|talk|load|look|raw|crr-serve|crr|"
			"stream-serve|stream [options]\n");
	return 2;
}
