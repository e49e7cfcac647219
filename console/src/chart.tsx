// A chart of daily figures; the same figures stand in a table below it.

import { useEffect, useRef, useState } from "preact/hooks";
import "uplot/dist/uPlot.min.css";

import type { Series } from "./draw";
import { Scroll } from "./ui";

export function Chart({ title, days, series }: { title: string; days: string[]; series: Series[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let end = () => {};
    let isGone = false;
    // What draws is more than half of the page's script, and most views have no chart.
    import("./draw").then(
      ({ show }) => {
        if (!isGone) end = show(element, days, series);
      },
      () => setFailed(true),
    );
    return () => {
      isGone = true;
      end();
    };
  }, [days, series]);
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  const spoken = series.map(({ name, values }) => `${name}: ${total(values)} in ${days.length} days`).join("; ");
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} role="img" aria-label={`${title}. ${spoken}.`} />
      {failed && <p>The chart could not be loaded. Load the page again to draw it.</p>}
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
