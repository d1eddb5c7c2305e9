/**
 * Replaying the transcripts of a folder, each as a test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { host } from "./otp.ts";
import { reportLines } from "./report.ts";
import { runTranscript } from "./runner.ts";
import { systemOf } from "./systems.ts";
import { parseTranscript } from "./transcript.ts";

/** Defines a test for every transcript of a folder beside this file. */
export function testTranscripts(name: string): void {
  const folder = new URL(`${name}/`, import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort();
  for (const file of files) {
    Deno.test(`golden ${name}/${file}: every step goes as it did on the BEAM`, async () => {
      const transcript = parseTranscript(await Deno.readTextFile(new URL(file, folder)));
      const system = await systemOf(transcript);
      if (system === undefined) throw new Error(`no port for system ${transcript.system}`);
      const report = await runTranscript(transcript, system, host);
      assertEquals(report.same, true, reportLines(report).join("\n"));
    });
  }
}
