/**
 * Says how a transcript went, for people.
 *
 * @module
 */

import type { Difference } from "./exceptions.ts";
import type { StepReport, TranscriptReport } from "./runner.ts";
import { SHELL } from "./transcript.ts";

/** The lines of a report: one if all is the same, else also every step that differs. */
export function reportLines(report: TranscriptReport): string[] {
  const differing = report.steps.filter(({ differences }) => differences.length > 0);
  const excepted = report.steps.filter(({ excepted }) => excepted.length > 0);
  const counts = [`${report.steps.length} steps`];
  if (differing.length > 0) counts.push(`${differing.length} differ`);
  if (excepted.length > 0) counts.push(`${excepted.length} excepted`);
  const head = `${report.same ? "same   " : "DIFFERS"} ${report.name} (${counts.join(", ")})`;
  return [
    head,
    ...report.steps.filter((step) => differing.includes(step) || excepted.includes(step)).flatMap(
      stepLines,
    ),
  ];
}

function stepLines({ step, differences, excepted }: StepReport): string[] {
  const { client = SHELL, text } = step.do;
  return [
    `  step ${step.n}  ${client === SHELL ? "" : `${client}> `}${
      text.replaceAll(/\s*\n\s*/g, " ")
    }`,
    ...differences.flatMap(differenceLines),
    ...excepted.map(({ part, reason }) =>
      `    ${part === "step" ? "" : `${part} `}differs, excepted: ${reason}`
    ),
  ];
}

function differenceLines({ part, expected, found }: Difference): string[] {
  return [
    `    ${part}`,
    `      expected: ${oneLine(expected)}`,
    `      found:    ${oneLine(found)}`,
  ];
}

function oneLine(text: string): string {
  return text.replaceAll("\n", "\\n");
}
