/** The devices map: what the programs know of each device we serve. */
import type { MapPort } from "../dataplane/port.ts";
import { Device, DeviceFlag, DeviceKind } from "../layout/structs.ts";
import { parseAddress } from "../model/address.ts";
import { addressToBytes } from "../model/address-bytes.ts";
import type { ServedDevice } from "./device-view.ts";

const KINDS = {
	pod: DeviceKind.DEVICE_POD,
	uplink: DeviceKind.DEVICE_UPLINK,
	loopback: DeviceKind.DEVICE_LOOPBACK,
} as const;

/** `redirect`: no foreign hook would be bypassed by redirecting from or to it. */
export function deviceRecord(device: ServedDevice, redirect: boolean): Device {
	const flags =
		(redirect ? DeviceFlag.DEVICE_REDIRECT : 0) |
		(device.peer ? DeviceFlag.DEVICE_PEER : 0) |
		(device.ethernet ? 0 : DeviceFlag.DEVICE_L3);
	return {
		masq4: addressBytes(device.masq4),
		masq6: addressBytes(device.masq6),
		master: device.master,
		mtu: device.mtu,
		kind: KINDS[device.kind],
		flags,
		mac: macBytes(device.mac),
		netns_id: device.netnsId,
	};
}

/** 16 bytes; all zero for "". */
export function addressBytes(text: string): Uint8Array {
	const address = parseAddress(text);
	return address === undefined ? new Uint8Array(16) : addressToBytes(address);
}

/** 6 bytes; all zero when there is no Ethernet address. */
export function macBytes(text: string): Uint8Array {
	const bytes = new Uint8Array(6);
	const parts = text.split(":");
	if (parts.length === 6) bytes.set(parts.map((part) => Number.parseInt(part, 16)));
	return bytes;
}

/** Writes what differs; an entry of a device that is not in `wanted` is removed. */
export function writeDevices(map: MapPort, wanted: ReadonlyMap<number, Device>): number {
	let writes = 0;
	const present = new Map<number, Uint8Array>();
	let cursor: Uint8Array | undefined;
	do {
		const page = map.lookupBatch(cursor, 256);
		const keys = new DataView(page.keys.buffer, page.keys.byteOffset, page.keys.length);
		for (let i = 0; i < page.count; i++) {
			const value = page.values.slice(i * Device.SIZE, (i + 1) * Device.SIZE);
			present.set(keys.getUint32(i * 4, true), value);
		}
		cursor = page.cursor;
	} while (cursor !== undefined);
	for (const [ifindex, device] of wanted) {
		const value = new Uint8Array(Device.SIZE);
		Device.encode(device, new DataView(value.buffer), 0);
		if (Buffer.compare(value, present.get(ifindex) ?? new Uint8Array()) === 0) continue;
		map.update(indexKey(ifindex), value);
		writes++;
	}
	for (const ifindex of present.keys()) {
		if (wanted.has(ifindex)) continue;
		map.delete(indexKey(ifindex));
		writes++;
	}
	return writes;
}

function indexKey(index: number): Uint8Array {
	const key = new Uint8Array(4);
	new DataView(key.buffer).setUint32(0, index, true);
	return key;
}
