/* SPDX-License-Identifier: Apache-2.0 */
#include "variable.h"

#include <bpf/btf.h>

namespace {
/* The map that holds a section such as ".rodata". */
bpf_map *section_map(bpf_object *object, const std::string &section)
{
	bpf_map *map = nullptr;
	bpf_object__for_each_map(map, object)
	{
		/* Internal maps are called <prefix of object><section>. */
		const std::string name = bpf_map__name(map);
		if (bpf_map__is_internal(map) &&
		    name.size() >= section.size() &&
		    name.compare(name.size() - section.size(), section.size(),
				 section) == 0)
			return map;
	}
	return nullptr;
}
} /* namespace */

Variable find_variable(bpf_object *object, const std::string &name)
{
	const struct btf *btf = bpf_object__btf(object);
	const uint32_t types = btf ? btf__type_cnt(btf) : 0;
	for (uint32_t id = 1; id < types; id++) {
		const btf_type *section = btf__type_by_id(btf, id);
		if (!btf_is_datasec(section))
			continue;
		const btf_var_secinfo *info = btf_var_secinfos(section);
		for (uint32_t i = 0; i < btf_vlen(section); i++, info++) {
			const btf_type *variable =
				btf__type_by_id(btf, info->type);
			if (!btf_is_var(variable) ||
			    name != btf__name_by_offset(btf,
							variable->name_off))
				continue;
			bpf_map *map = section_map(
				object,
				btf__name_by_offset(btf, section->name_off));
			size_t size = 0;
			auto *content = static_cast<uint8_t *>(
				map ? const_cast<void *>(bpf_map__initial_value(
					      map, &size)) :
				      nullptr);
			if (content && info->offset + info->size <= size)
				return { content + info->offset, info->size };
		}
	}
	return {};
}
