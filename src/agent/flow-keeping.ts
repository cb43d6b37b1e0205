/** The keeper of a datapath's flows, with all that it has to do in its passes. */
import { readClock } from "../dataplane/clock.ts";
import { reap } from "../dataplane/reaper.ts";
import type { Logger } from "../log.ts";
import type { Syncer } from "../sync/syncer.ts";
import type { Datapath } from "./datapath.ts";
import { Expiry } from "./expiry.ts";
import { FlowKeeper, type OnPass } from "./flow-keeper.ts";
import { FlowMender } from "./flow-mender.ts";

export function keepFlows(
	datapath: Datapath,
	syncer: Syncer,
	{ onPass, log }: { readonly onPass: OnPass; readonly log: Logger },
): FlowKeeper {
	const { reaper } = datapath;
	const mender = new FlowMender({
		movers: syncer.movers,
		reap: (keys, count, aim) => void reap(reaper, keys, count, aim),
	});
	return new FlowKeeper({ expiry: expiryOf(datapath, syncer, mender), mender, onPass, log });
}

function expiryOf(
	{ maps, clock, reaper, previousFlows }: Datapath,
	syncer: Syncer,
	mender: FlowMender,
): Expiry {
	return new Expiry({
		flows: maps.flows,
		overflow: maps.overflow,
		control: maps.control,
		settings: maps.settings,
		inherited: previousFlows !== undefined,
		now: () => readClock(clock).jiffies,
		observe: () => {
			const pass = syncer.beginFlowPass();
			const mending = mender.begin();
			return {
				see: (keys, values, count) => {
					pass.see(keys, values, count);
					mending?.see(keys, values, count);
				},
				end: () => syncer.endFlowPass(pass),
			};
		},
		reap: (keys, count) => reap(reaper, keys, count, "expired").deleted,
	});
}
