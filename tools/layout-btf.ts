/** BTF, as `bpftool -j btf dump file` prints it, reduced to what a layout needs. */

export interface BtfMember {
	readonly name: string;
	readonly type_id: number;
	readonly bits_offset: number;
	readonly bitfield_size?: number;
}

export interface BtfType {
	readonly id: number;
	readonly kind: string;
	readonly name: string;
	readonly size?: number;
	/** INT: SIGNED, CHAR, BOOL or (none). */
	readonly encoding?: string;
	readonly type_id?: number;
	readonly nr_elems?: number;
	readonly members?: readonly BtfMember[];
	readonly values?: readonly { readonly name: string; readonly val: number }[];
}

/** How one field is stored. Offsets and sizes in bytes. */
export type FieldKind =
	| { kind: "int"; bits: 8 | 16 | 32 | 64; signed: boolean; bigEndian: boolean }
	| { kind: "bytes"; length: number }
	| { kind: "text"; length: number }
	| { kind: "words"; bits: 8 | 16 | 32 | 64; bigEndian: boolean; length: number }
	| { kind: "struct"; name: string };

export interface Field {
	readonly name: string;
	readonly offset: number;
	readonly type: FieldKind;
}

export interface Struct {
	readonly name: string;
	readonly size: number;
	readonly fields: readonly Field[];
}

export interface MapDefinition {
	readonly name: string;
	readonly type: number;
	readonly maxEntries: number;
	readonly flags: number;
	/** Struct name, or "u32" and the like for plain integers; "" when the map has none. */
	readonly key: string;
	readonly value: string;
	readonly keySize: number;
	readonly valueSize: number;
}

/** Reads structs, enums and map definitions out of a list of BTF types. */
export class Btf {
	readonly types: readonly BtfType[];
	readonly #byId = new Map<number, BtfType>();

	constructor(types: readonly BtfType[]) {
		this.types = types;
		for (const type of types) this.#byId.set(type.id, type);
	}

	get(id: number | undefined): BtfType {
		const type = this.#byId.get(id ?? -1);
		if (!type) throw new Error(`The BTF has no type ${id}.`);
		return type;
	}

	/** The type behind typedefs and qualifiers, and whether a __be typedef was passed. */
	resolve(id: number | undefined): { type: BtfType; bigEndian: boolean } {
		let type = this.get(id);
		let bigEndian = false;
		while (["TYPEDEF", "CONST", "VOLATILE"].includes(type.kind)) {
			bigEndian ||= /^__be(16|32|64)$/.test(type.name);
			type = this.get(type.type_id);
		}
		return { type, bigEndian };
	}

	/** Size in bytes of any sized type. */
	sizeOf(id: number | undefined): number {
		const { type } = this.resolve(id);
		if (type.kind === "ARRAY") return (type.nr_elems ?? 0) * this.sizeOf(type.type_id);
		if (type.size === undefined) throw new Error(`Type ${type.kind} ${type.name} has no size.`);
		return type.size;
	}

	struct(type: BtfType): Struct {
		const fields = (type.members ?? []).map((member) => {
			if (member.bitfield_size || member.bits_offset % 8 !== 0) {
				throw new Error(`Field ${type.name}.${member.name} is a bitfield.`);
			}
			return {
				name: member.name,
				offset: member.bits_offset / 8,
				type: this.#fieldKind(`${type.name}.${member.name}`, member.type_id),
			};
		});
		this.#refuseHoles(type, fields);
		return { name: type.name, size: type.size ?? 0, fields };
	}

	/** Structs by name, without anonymous ones and without struct ip_addr, which is 16 bytes. */
	structs(): Struct[] {
		return this.types
			.filter((t) => t.kind === "STRUCT" && t.name !== "(anon)" && t.name !== "ip_addr")
			.map((t) => this.struct(t))
			.sort((a, b) => (a.name < b.name ? -1 : 1));
	}

	enums(): BtfType[] {
		return this.types
			.filter((t) => t.kind === "ENUM" && t.name !== "(anon)")
			.sort((a, b) => (a.name < b.name ? -1 : 1));
	}

	/** Variables of the ".maps" section, in the order of the source. */
	maps(): MapDefinition[] {
		const variables = this.types.filter(
			(t) => t.kind === "VAR" && this.get(t.type_id).members?.some((m) => m.name === "type"),
		);
		return variables.map((variable) => this.#map(variable));
	}

	#map(variable: BtfType): MapDefinition {
		const members = new Map(this.get(variable.type_id).members?.map((m) => [m.name, m.type_id]));
		const pointee = (name: string) => {
			const id = members.get(name);
			return id === undefined ? undefined : this.get(id).type_id;
		};
		const number = (name: string) => {
			const id = pointee(name);
			return id === undefined ? 0 : (this.get(id).nr_elems ?? 0);
		};
		const key = pointee("key");
		const value = pointee("value");
		return {
			name: variable.name,
			type: number("type"),
			maxEntries: number("max_entries"),
			flags: number("map_flags"),
			key: this.#typeName(key),
			value: this.#typeName(value),
			keySize: key === undefined ? 0 : this.sizeOf(key),
			valueSize: value === undefined ? 0 : this.sizeOf(value),
		};
	}

	#typeName(id: number | undefined): string {
		if (id === undefined) return "";
		const { type } = this.resolve(id);
		return type.kind === "STRUCT" ? type.name : `u${(type.size ?? 0) * 8}`;
	}

	#fieldKind(where: string, id: number): FieldKind {
		const { type, bigEndian } = this.resolve(id);
		if (type.kind === "INT") {
			const signed = type.encoding === "SIGNED";
			return { kind: "int", bits: bitsOf(where, type), signed, bigEndian };
		}
		if (type.kind === "STRUCT") {
			if (type.name === "ip_addr") return { kind: "bytes", length: 16 };
			return { kind: "struct", name: type.name };
		}
		if (type.kind !== "ARRAY") throw new Error(`Field ${where} has kind ${type.kind}.`);
		const element = this.resolve(type.type_id);
		const length = type.nr_elems ?? 0;
		if (element.type.name === "char") return { kind: "text", length };
		if (element.type.kind !== "INT") throw new Error(`Field ${where} is an array of structs.`);
		const bits = bitsOf(where, element.type);
		if (bits === 8) return { kind: "bytes", length };
		return { kind: "words", bits, bigEndian: element.bigEndian, length };
	}

	#refuseHoles(type: BtfType, fields: readonly Field[]): void {
		let end = 0;
		for (const [index, field] of fields.entries()) {
			if (field.offset !== end) throw new Error(`struct ${type.name} has a hole at byte ${end}.`);
			end += this.sizeOf(type.members?.[index]?.type_id);
		}
		if (end !== type.size) throw new Error(`struct ${type.name} has a hole at its end.`);
	}
}

function bitsOf(where: string, type: BtfType): 8 | 16 | 32 | 64 {
	const bits = (type.size ?? 0) * 8;
	if (bits === 8 || bits === 16 || bits === 32 || bits === 64) return bits;
	throw new Error(`Field ${where} has ${bits} bits.`);
}
