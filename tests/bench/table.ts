/**
 * Tables and figures in plain text that lines up, and is Markdown at the same time.
 *
 * @module
 */

/** A column: its title, and the side its cells lean to (`"left"` by default). */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Writes a Markdown table, its columns padded to line up in a terminal. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(
        `Cannot lay out a table: a row has ${row.length} cells, there are ${columns.length} columns`,
      );
    }
  }
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = columns.map(({ title }, i) =>
    Math.max(3, title.length, ...cells.map((row) => row[i]!.length))
  );
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const pad = (cell: string, i: number) =>
    columns[i]!.align === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  const rule = columns.map(({ align }, i) =>
    align === "right" ? "-".repeat(widths[i]! - 1) + ":" : "-".repeat(widths[i]!)
  );
  return [columns.map(({ title }) => title).map(pad), rule, ...cells.map((row) => row.map(pad))]
    .map(line).join("\n");
}

/** Writes a duration given in nanoseconds: `"95 ns"`, `"1.27 µs"`, `"10.4 ms"`, `"2.5 s"`. */
export function ns(nanoseconds: number): string {
  return scaled(nanoseconds, 1000, ["ns", "µs", "ms", "s"]);
}

/** Writes how often a second something that takes `nanoseconds` can happen: `"7.14 M/s"`. */
export function rate(nanoseconds: number): string {
  return scaled(1e9 / nanoseconds, 1000, ["/s", "k/s", "M/s", "G/s"]);
}

/** Writes an amount of memory: `"220 B"`, `"2.73 KiB"`, `"1.5 GiB"`. */
export function bytes(count: number): string {
  return scaled(count, 1024, ["B", "KiB", "MiB", "GiB"]);
}

/** Writes how many times one figure is of another: `"9.8 x"`, `"0.42 x"`. */
export function ratio(times: number): string {
  return `${significant(times)} x`;
}

/** Writes how fast something is beside `what`: `"10.1 times as fast as the BEAM"`. */
export function timesAsFast(times: number, what: string): string {
  return times === 1 ? `as fast as ${what}` : `${significant(times)} times as fast as ${what}`;
}

/** Writes what something costs, counted in `what`: `"1.8 promises"`. */
export function countOf(times: number, what: string): string {
  return `${significant(times)} ${what}`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let unit = 0;
  while (unit < units.length - 1 && Math.abs(value) >= step) (value /= step, unit++);
  return `${significant(value)} ${units[unit]}`;
}

/** Three digits that matter, and no zeros after them. */
function significant(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
