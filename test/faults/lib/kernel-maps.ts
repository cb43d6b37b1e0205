import { type Addon, loadAddon } from "../../../src/dataplane/addon.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { smallMaps } from "../../unit/sync/lib.ts";
import { mapEach } from "./maps.ts";

/** Maps in the kernel, as large as the small fakes. */
export class KernelMaps {
	readonly #addon: Addon = loadAddon();
	readonly #close = new Map<SyncPorts, (() => void)[]>();

	make(): SyncPorts {
		const close: (() => void)[] = [];
		const maps = mapEach(smallMaps({ tombstones: 4 }), ({ info }) => {
			const { name, type, keySize, valueSize, maxEntries, flags } = info;
			const map = this.#addon.BpfMap.create({ name, type, keySize, valueSize, maxEntries, flags });
			close.push(() => map.close());
			return map;
		});
		this.#close.set(maps, close);
		return maps;
	}

	/** The same maps through handles of their own: who maps part of the memory ends his own view only. */
	again(maps: SyncPorts): SyncPorts {
		return mapEach(maps, ({ info }) => {
			const map = this.#addon.BpfMap.fromId(info.id);
			this.#close.get(maps)?.push(() => map.close());
			return map;
		});
	}

	dispose(maps: SyncPorts): void {
		for (const close of this.#close.get(maps) ?? []) close();
		this.#close.delete(maps);
	}

	disposeAll(): void {
		for (const maps of [...this.#close.keys()]) this.dispose(maps);
	}
}
