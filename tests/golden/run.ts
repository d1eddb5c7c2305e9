/**
 * Replays transcripts that were recorded on the BEAM, and prints step by step what differs.
 *
 * Run: deno task golden PATH…
 *
 * A path is a transcript or a folder of them. The exit status is 0 if every step went as recorded
 * (accepted differences aside, see `exceptions.ts`), 1 if one did not or there is no port for a system,
 * 2 if a path is no transcript.
 *
 * @module
 */

import { host } from "./otp.ts";
import { reportLines } from "./report.ts";
import { runTranscript } from "./runner.ts";
import { systemOf } from "./systems.ts";
import { FormatError, parseTranscript, type Transcript } from "./transcript.ts";

/** How it went, as the exit status of the program. */
export type Status = 0 | 1 | 2;

/** Runs the transcripts at `paths` one after the other; `print` gets the lines of the report. */
export async function main(
  paths: readonly string[],
  print: (line: string) => void,
): Promise<Status> {
  if (paths.length === 0) {
    print("usage: deno task golden PATH…   (transcripts, or folders of them)");
    return 2;
  }
  let status: Status = 0;
  const worse = (next: Status): void => {
    if (next > status) status = next;
  };
  for (const path of paths) {
    let files: string[];
    try {
      files = filesAt(path);
    } catch (error) {
      print(`cannot read ${path}: ${reasonOf(error)}`);
      worse(2);
      continue;
    }
    for (const file of files) {
      try {
        worse(await runFile(file, print));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        print(`${file} is no transcript: ${error.message}`);
        worse(2);
      }
    }
  }
  return status;
}

/** Runs one file. */
async function runFile(file: string, print: (line: string) => void): Promise<Status> {
  const transcript = read(file);
  const system = await systemOf(transcript);
  if (system === undefined) {
    print(`DIFFERS ${transcript.name}: no port for system ${transcript.system}`);
    return 1;
  }
  const report = await runTranscript(transcript, system, host);
  reportLines(report).forEach(print);
  return report.same ? 0 : 1;
}

function read(file: string): Transcript {
  try {
    return parseTranscript(Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(reasonOf(error));
  }
}

/** The transcripts at a path: itself, or those in the folder, by name. */
function filesAt(path: string): string[] {
  if (!Deno.statSync(path).isDirectory) return [path];
  const files = [...Deno.readDirSync(path)].filter(({ name, isFile }) =>
    isFile && name.endsWith(".jsonl")
  ).map(({ name }) => `${path.replace(/\/$/, "")}/${name}`);
  if (files.length === 0) throw new FormatError("no .jsonl file in this folder");
  return files.sort();
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  const { log } = console;
  Deno.exit(await main(Deno.args, (line) => log(line)));
}
