/**
 * Comparing all that was seen of a step with the record of it.
 *
 * @module
 */

import type { Difference } from "./exceptions.ts";
import { standsFor } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { compareLog, type FoundLog } from "./logs.ts";
import { Comparison, show, type TermContext } from "./terms.ts";
import type { Expectation, ExpectedEvent, ExpectedRaise, Term } from "./transcript.ts";
import type { Vocabulary } from "./values.ts";

/** Something that happened: a write to the standard output, or an error report. */
export type FoundEvent = { readonly print: string } | { readonly log: FoundLog };

/** How a step ended. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | {
    readonly kind: "thrown";
    readonly thrown: unknown;
    readonly exit?: { readonly reason: unknown };
  }
  /** The client died before the step returned. */
  | { readonly kind: "died"; readonly reason: unknown }
  /** A step of the recorder itself, which returns nothing. */
  | { readonly kind: "none" }
  /** The runner could not run the step, or it did not end. */
  | { readonly kind: "failed"; readonly message: string };

/** All that was seen of a step. */
export interface Observation {
  readonly outcome: Outcome;
  readonly before: readonly FoundEvent[];
  readonly after: readonly FoundEvent[];
  readonly exits: readonly { readonly pid: unknown; readonly reason: unknown }[];
  readonly clientExits: readonly { readonly client: string; readonly reason: unknown }[];
}

/** Compares steps, one transcript long. */
export class StepComparison {
  readonly #terms: Comparison;
  readonly #context: TermContext;
  readonly #words: Vocabulary;

  constructor(context: TermContext, vocabulary: Vocabulary) {
    this.#terms = new Comparison(context);
    this.#context = context;
    this.#words = vocabulary;
  }

  /** Whether something held since the last time only because whole floats print without their point. */
  takeFloats(): boolean {
    const { floats } = this.#terms;
    this.#terms.floats = false;
    return floats;
  }

  /** What differs; empty if nothing does. */
  differences(expected: Expectation, found: Observation): Difference[] {
    return [
      ...this.#outcome(expected, found.outcome),
      ...this.#events(expected, found),
      ...this.#exits(expected, found),
      ...this.#clientExits(expected, found),
    ];
  }

  #outcome(expected: Expectation, outcome: Outcome): Difference[] {
    const differs = (
      wanted: string,
      found = this.#showOutcome(outcome),
      where?: string,
    ): Difference[] => [
      {
        part: "return",
        expected: wanted,
        found: where === undefined || where === "the value"
          ? found
          : `${found} (differs at ${where})`,
      },
    ];
    if (outcome.kind === "failed") {
      return [{ part: "step", expected: "a step that runs", found: outcome.message }];
    }
    if (expected.raise !== undefined) {
      return this.#raise(expected.raise, outcome) ? [] : differs(showRaise(expected.raise));
    }
    if (expected.return === undefined) return outcome.kind === "none" ? [] : differs("nothing");
    if (isNone(expected.return)) {
      return outcome.kind === "died" ? [] : differs("the client dies before the step returns");
    }
    if (outcome.kind !== "value") return differs(show(expected.return));
    const difference = this.#terms.difference(expected.return, outcome.value);
    return difference === undefined ? [] : differs(show(expected.return), undefined, difference);
  }

  #raise(expected: ExpectedRaise, outcome: Outcome): boolean {
    if (outcome.kind !== "thrown") return false;
    const { thrown, exit } = outcome;
    switch (expected.kind) {
      case "exit":
        return exit !== undefined && this.#terms.same(expected.value, exit.reason);
      case "throw":
        return exit === undefined && !(thrown instanceof Error) &&
          this.#terms.same(expected.value, thrown);
      case "error":
        return exit === undefined &&
          standsFor(
            thrown,
            expected.exception,
            expected.message,
            (a, b) => this.#terms.sameText(a, b),
          );
    }
  }

  /** Where a step races with what it sets off, the record has all events under `after`: then only their order counts. */
  #events(expected: Expectation, found: Observation): Difference[] {
    const before = expected.before ?? [];
    const after = expected.after ?? [];
    if (before.length === 0 && after.length > 0) {
      return this.#list("after", after, [...found.before, ...found.after]);
    }
    return [
      ...this.#list("before", before, found.before),
      ...this.#list("after", after, found.after),
    ];
  }

  #list(
    part: "before" | "after",
    expected: readonly ExpectedEvent[],
    found: readonly FoundEvent[],
  ): Difference[] {
    const differences: Difference[] = [];
    let at = 0;
    for (const [i, event] of expected.entries()) {
      const here = found[at];
      const detail = here && this.#event(event, here);
      if (here !== undefined && detail !== undefined && detail.length === 0) {
        at++;
        continue;
      }
      // an event is missing if the one found here is a later one, else this one is another than expected
      const missing = here === undefined ||
        expected.slice(i + 1).some((later) => this.#event(later, here).length === 0);
      differences.push({
        part,
        expected: showExpected(event),
        found: missing ? "nothing at this place" : this.#showFound(here, detail!),
      });
      if (!missing) at++;
    }
    for (const event of found.slice(at)) {
      differences.push({ part, expected: "nothing more", found: this.#showFound(event, []) });
    }
    return differences;
  }

  /** How an event differs; empty if it does not. */
  #event(expected: ExpectedEvent, found: FoundEvent): string[] {
    if ("print" in expected) {
      return "print" in found && this.#terms.sameText(expected.print, found.print)
        ? []
        : ["another event"];
    }
    if (!("log" in found)) return ["another event"];
    let details: string[] = [];
    this.#terms.ids.attempt(() =>
      (details = compareLog(expected, found.log, this.#terms)).length === 0
    );
    return details;
  }

  #exits(expected: Expectation, found: Observation): Difference[] {
    const rest = [...found.exits];
    const differences: Difference[] = [];
    for (const { pid, reason } of expected.exits ?? []) {
      const at = rest.findIndex((exit) =>
        this.#terms.ids.attempt(() =>
          this.#terms.same(pid, exit.pid) && this.#terms.same(reason, exit.reason)
        )
      );
      if (at >= 0) rest.splice(at, 1);
      else {differences.push({
          part: "exits",
          expected: `${show(pid)} exits with ${show(reason)}`,
          found: this.#showExits(found.exits),
        });}
    }
    if (rest.length > 0) {
      differences.push({ part: "exits", expected: "no other exits", found: this.#showExits(rest) });
    }
    return differences;
  }

  #clientExits(expected: Expectation, found: Observation): Difference[] {
    const rest = [...found.clientExits];
    const differences: Difference[] = [];
    for (const { client, reason } of expected.client_exit ?? []) {
      const at = rest.findIndex((exit) =>
        exit.client === client && this.#terms.same(reason, exit.reason)
      );
      if (at >= 0) rest.splice(at, 1);
      else {differences.push({
          part: "client_exit",
          expected: `client ${client} dies of ${show(reason)}`,
          found: this.#showClientExits(found.clientExits),
        });}
    }
    if (rest.length > 0) {
      differences.push({
        part: "client_exit",
        expected: "no other client dies",
        found: this.#showClientExits(rest),
      });
    }
    return differences;
  }

  /** Prints a value, with the numbers that its pids have in the transcript. */
  show(value: unknown): string {
    return inspect(value, this.#words, {
      opaque: (object) => {
        if (!this.#context.isPid(object) && !this.#context.isRef(object)) return undefined;
        return this.#terms.ids.name(String(object)) ?? String(object);
      },
    });
  }

  #showOutcome(outcome: Outcome): string {
    switch (outcome.kind) {
      case "value":
        return this.show(outcome.value);
      case "thrown": {
        if (outcome.exit !== undefined) return `exit ${this.show(outcome.exit.reason)}`;
        const { thrown } = outcome;
        return thrown instanceof Error
          ? `raised ${thrown.name}: ${thrown.message}`
          : `thrown ${this.show(thrown)}`;
      }
      case "died":
        return `the client died of ${this.show(outcome.reason)}`;
      case "none":
        return "nothing";
      case "failed":
        return outcome.message;
    }
  }

  #showFound(event: FoundEvent, details: readonly string[]): string {
    if ("print" in event) return `print ${JSON.stringify(event.print)}`;
    const text = event.log.text.split("\n").slice(0, 3).join(" / ");
    return `log ${text}${details.length === 0 ? "" : ` (differs in ${details.join("; ")})`}`;
  }

  #showExits(exits: Observation["exits"]): string {
    return exits.length === 0
      ? "no exit"
      : exits.map(({ pid, reason }) => `${this.show(pid)} exits with ${this.show(reason)}`).join(
        ", ",
      );
  }

  #showClientExits(exits: Observation["clientExits"]): string {
    return exits.length === 0
      ? "no client died"
      : exits.map(({ client, reason }) => `client ${client} died of ${this.show(reason)}`).join(
        ", ",
      );
  }
}

function isNone(term: Term): boolean {
  return typeof term === "object" && term !== null && "any" in term && term.any === "none";
}

function showRaise(raise: ExpectedRaise): string {
  return raise.kind === "error"
    ? `raised ${raise.exception}: ${raise.message}`
    : `${raise.kind} ${show(raise.value)}`;
}

function showExpected(event: ExpectedEvent): string {
  if ("print" in event) return `print ${JSON.stringify(event.print)}`;
  return `log ${
    [event.log, event.error, event.last_message, event.state].filter((line) => line !== undefined)
      .join(" / ")
  }`;
}
