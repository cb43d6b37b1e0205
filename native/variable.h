/* SPDX-License-Identifier: Apache-2.0 */
/* Global variables of an object file, found by name in its BTF. */
#ifndef SLUICE_NATIVE_VARIABLE_H
#define SLUICE_NATIVE_VARIABLE_H

#include <cstddef>
#include <cstdint>
#include <string>

#include <bpf/libbpf.h>

/* Where a variable lies in the initial content of its map. */
struct Variable {
	uint8_t *data = nullptr; /* nullptr: there is no such variable */
	size_t size = 0;
};

/* Before load only. */
Variable find_variable(bpf_object *object, const std::string &name);

#endif /* SLUICE_NATIVE_VARIABLE_H */
