// Draws daily figures with uPlot.

import uPlot from "uplot";

export interface Series {
  name: string;
  values: number[];
}

const HEIGHT_PX = 180;
const COLOURS = ["--series-1", "--series-2"];

/** Draws into an element, as wide as that is, in the colours of the theme; until the function that comes back is called. */
export function show(element: HTMLElement, days: string[], series: Series[]): () => void {
  let chart = draw(element, days, series);
  const redraw = () => {
    chart.destroy();
    chart = draw(element, days, series);
  };
  // The theme's colours are drawn into the canvas.
  const theme = matchMedia("(prefers-color-scheme: dark)");
  theme.addEventListener("change", redraw);
  const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
  observer.observe(element);
  return () => {
    theme.removeEventListener("change", redraw);
    observer.disconnect();
    chart.destroy();
  };
}

function draw(box: HTMLElement, days: string[], series: Series[]): uPlot {
  // The canvas takes no `light-dark()`: the colour of an element that has it is resolved.
  const probe = box.appendChild(document.createElement("i"));
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const options: uPlot.Options = {
    width: box.clientWidth,
    height: HEIGHT_PX,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [axis, { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5] }],
    series: [
      {},
      ...series.map(({ name }, at) => ({
        label: name,
        stroke: colour(COLOURS[at % COLOURS.length] ?? ""),
        width: 2,
        ...(at === 0 ? {} : { dash: [6, 4] }),
      })),
    ],
  };
  probe.remove();
  const times = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1_000);
  return new uPlot(
    { ...options, tzDate: (s) => uPlot.tzDate(new Date(s * 1_000), "Etc/UTC") },
    [times, ...series.map((s) => s.values)],
    box,
  );
}
