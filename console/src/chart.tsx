// A chart of daily figures, drawn by uPlot; the same figures stand in a table below it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { Scroll } from "./ui";

export interface Series {
  name: string;
  values: number[];
}

const HEIGHT_PX = 180;
const COLOURS = ["--series-1", "--series-2"];

export function Chart({ title, days, series }: { title: string; days: string[]; series: Series[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
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
  }, [days, series]);
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  const spoken = series.map(({ name, values }) => `${name}: ${total(values)} in ${days.length} days`).join("; ");
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} role="img" aria-label={`${title}. ${spoken}.`} />
      <details>
        <summary>As a table</summary>
        <Scroll label={`${title}, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Day</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days
                .map((day, at) => (
                  <tr key={day}>
                    <th scope="row">{day}</th>
                    {series.map(({ name, values }) => (
                      <td key={name}>{values[at]}</td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
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
