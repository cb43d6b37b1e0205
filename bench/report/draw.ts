import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import type { Chart } from "./chart-data.ts";

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 760;
const HEIGHT = 420;
/** Middle tones on no background: they can be read on white and on black. */
const TEXT = "#7d838c";
const GRID = "#7d838c55";
const OWN_COLOUR = "#3b82f6";
/** The same for the same series in all charts. */
const COLOURS: Readonly<Record<string, string>> = {
	Sluice: OWN_COLOUR,
	"Sluice, socket": OWN_COLOUR,
	"Sluice, redirect": "#22a06b",
	"Sluice, stack": "#9b6bdf",
	"kube-proxy iptables-legacy": "#e06c3c",
	"kube-proxy iptables-nft": "#b08900",
	"kube-proxy nftables": "#c2557f",
};
const AXIS = {
	axisLine: { lineStyle: { color: GRID } },
	axisTick: { lineStyle: { color: GRID } },
};
const FONT = { color: TEXT, fontFamily: "sans-serif", fontSize: 12 };

/** A chart as the text of an SVG file; the same for the same chart. */
export function drawChart(chart: Chart): string {
	const canvas = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
	canvas.setOption({ ...common(chart), ...content(chart) });
	const svg = canvas.renderToSVGString();
	canvas.dispose();
	return `${withoutHover(svg).replace(/zr\d+-/g, `${chart.name}-`)}\n`;
}

/** Classes and their styles are for the mouse, and are numbered through all charts of a process. */
function withoutHover(svg: string): string {
	return svg.replace(/<style\b.*?<\/style>/gs, "").replace(/ class="[^"]*"/g, "");
}

function common({ title }: Chart): EChartsCoreOption {
	return {
		animation: false,
		backgroundColor: "transparent",
		textStyle: FONT,
		title: { text: title, left: 8, top: 4, textStyle: { ...FONT, fontSize: 14 } },
		grid: { left: 70, right: 30, top: 60, bottom: 110 },
	};
}

function content({ unit, content }: Chart): EChartsCoreOption {
	const valueAxis = {
		...{ name: unit, nameTextStyle: { ...FONT, align: "left" }, axisLabel: FONT },
		splitLine: { lineStyle: { color: GRID } },
	};
	if (content.kind === "bars") {
		return {
			grid: { left: 200, right: 50, top: 60, bottom: 40 },
			xAxis: { ...valueAxis, ...AXIS, type: "value", nameLocation: "middle", nameGap: 26 },
			yAxis: {
				...{ type: "category", data: content.bars.map(({ name }) => name), axisLabel: FONT },
				...AXIS,
				inverse: true,
			},
			series: [
				{
					type: "bar",
					data: content.bars.map(({ value, own }) => ({
						value: Number(value.toPrecision(3)),
						itemStyle: { color: own ? OWN_COLOUR : TEXT },
					})),
					label: { show: true, position: "right", ...FONT },
				},
			],
		};
	}
	return {
		legend: { bottom: 4, textStyle: FONT, itemGap: 20, itemWidth: 12, icon: "circle" },
		xAxis: {
			...{ type: "log", name: "Services", nameLocation: "middle", nameGap: 28 },
			...{ nameTextStyle: FONT, axisLabel: FONT, splitLine: { show: false } },
			...AXIS,
		},
		yAxis: { ...valueAxis, ...AXIS, type: content.log ? "log" : "value" },
		series: content.series.map(({ name, points }) => ({
			...{ type: "line", name, symbol: "circle", symbolSize: 7 },
			color: COLOURS[name] ?? TEXT,
			data: points.map(([services, value]) => [services, value]),
		})),
	};
}
