/**
 * The compiler errors of wrong programs: those in `tests/types`. Above each is its correct twin, and between the
 * two, in comments `//!`, the text of the error; the order of the members of a union does not matter.
 *
 * The programs are excluded from other checks (`exclude` in `deno.json`), and checked here, all at once.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

const FOLDER = new URL("types/", import.meta.url);
const FILES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ts")).sort();

/** What only the library's own files know by name. */
const INTERNALS =
  /\b(Mistake|Mis\w+<|Refusal|EachChild|\w+Argument<|KnownModule|Clauses|ReturnOf)\b/;

/** What the compiler reports, or is to report, for a line of a program. */
interface Complaint {
  /** The file and the line. */
  readonly place: string;
  readonly errors: string[];
}

/** A wrong program, and the last line of the right one above it. */
interface Program {
  readonly complaint: Complaint;
  readonly twin: string;
}

/** The wrong programs of a file, by section. */
function programsOf(file: string): Map<string, Program[]> {
  const sections = new Map<string, Program[]>();
  let section = "";
  let errors: string[] = [];
  let twin = "";
  Deno.readTextFileSync(new URL(file, FOLDER)).split("\n").forEach((line, i, lines) => {
    if (line.startsWith("// --- ")) section = line.slice("// --- ".length);
    if (line.startsWith("//! ")) {
      if (errors.length === 0) twin = lines[i - 1]!;
      errors.push(line.slice("//! ".length));
    } else if (errors.length > 0) {
      const programs = sections.get(section) ?? [];
      sections.set(section, programs);
      programs.push({ complaint: { place: `${file}:${i + 1}`, errors }, twin });
      errors = [];
    }
  });
  return sections;
}

function allProgramsOf(file: string): Program[] {
  return [...programsOf(file).values()].flat();
}

/** What the compiler reports for all files. */
async function check(): Promise<Complaint[]> {
  const args = ["check", "--config", new URL("deno.json", FOLDER).pathname];
  const { stderr } = await new Deno.Command("deno", {
    args: [...args, ...FILES.map((file) => new URL(file, FOLDER).pathname)],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const found: Complaint[] = [];
  for (const block of new TextDecoder().decode(stderr).split("\n\n")) {
    const lines = block.split("\n");
    const place = /^ *at (file:.*):(\d+):\d+$/.exec(lines.at(-1) ?? "");
    const first = lines.findIndex((line) => line.startsWith("TS"));
    if (place === null || (first === -1 && found.length === 0)) continue;
    // Below the message are the line of the program, what is underlined in it, and the place.
    const message = lines.slice(Math.max(first, 0), -3).map((line) =>
      line.replace(/^TS\d+ \[ERROR\]: /, "")
        .replaceAll(/import\("file:[^"]*\/([^"]*)", [^)]*\)/g, 'import("./$1")').trimEnd()
    );
    if (message[0]!.startsWith("    ")) {
      found.at(-1)!.errors.push(...message.map((line) => `  ${line.trim()}`));
    } else {
      const file = place[1]!.slice(FOLDER.href.length);
      found.push({ place: `${file}:${place[2]}`, errors: message });
    }
  }
  return found;
}

/** The same with the members of unions in one order: the compiler's own depends on what it has seen before. */
function canonical({ place, errors }: Complaint): Complaint {
  const sort = (type: string) =>
    type.includes(" | ") ? type.split(/[ |()]+/).sort().join(" ").trim() : type;
  return { place, errors: errors.map((line) => line.split("'").map(sort).join("'")) };
}

let checked: Promise<Complaint[]> | undefined;

for (const file of FILES) {
  Deno.test(`the compiler reports the errors that are written above wrong programs: ${file}`, async () => {
    const complaints = await (checked ??= check());
    assertEquals(
      complaints.filter(({ place }) => place.startsWith(`${file}:`)).map(canonical),
      allProgramsOf(file).map(({ complaint }) => canonical(complaint)),
    );
  });
}

Deno.test("the compiler's errors are three lines at most, and speak of no internals", () => {
  for (const { complaint: { place, errors } } of FILES.flatMap(allProgramsOf)) {
    assert(errors.length <= 3, place);
    assert(!INTERNALS.test(errors.join("\n")), place);
  }
});

Deno.test("each wrong program stands below its right twin, and there are three of each kind", () => {
  for (const file of FILES) {
    for (const [section, programs] of programsOf(file)) {
      assert(programs.length >= 3, `${file}: ${section}`);
      for (const { complaint, twin } of programs) assert(twin.endsWith(";"), complaint.place);
    }
  }
});
