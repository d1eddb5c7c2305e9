/**
 * A real Erlang beside the test, which answers questions about terms.
 *
 * @module
 */

import type { Term } from "../../../lib/kernel/term.ts";
import { decode, encode, exact, hex, unhex } from "./support.ts";

/** Reads a line `{Question, Argument}` in hexadecimal, writes the answer; ends with its input. */
const PROGRAM = `
  Answer = fun
    ({echo, B}) -> try term_to_binary(binary_to_term(<<131, B/binary>>), [{minor_version, 2}]) of
        <<131, Rest/binary>> -> Rest
      catch error:badarg -> refused end;
    ({same, {A, B}}) -> A =:= B;
    ({equal, {A, B}}) -> A == B;
    ({sort, List}) -> lists:sort(List);
    ({binary, Term, Options}) -> term_to_binary(Term, [{minor_version, 2} | Options]);
    ({term, B}) -> binary_to_term(B);
    ({module, F}) -> element(2, erlang:fun_info(F, module));
    (make_fun) -> X = {free, 1}, fun(Y) -> {X, Y} end
  end,
  Loop = fun(Again) ->
    case io:get_line("") of
      eof -> halt();
      Line ->
        Question = binary_to_term(binary:decode_hex(iolist_to_binary(string:trim(Line)))),
        io:put_chars([binary:encode_hex(term_to_binary(Answer(Question))), 10]),
        Again(Again)
    end
  end,
  Loop(Loop).
`;

/** Whether there is an Erlang on this machine, and the tests may run it. */
export const hasErl = await canRun();

async function canRun(): Promise<boolean> {
  const erl = { args: ["-noshell", "-eval", "halt()."], stdout: "null", stderr: "null" };
  try {
    return (await new Deno.Command("erl", erl as Deno.CommandOptions).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return false;
    }
    throw error;
  }
}

/** Asks Erlang; ends it when disposed of. */
export class Erl implements AsyncDisposable {
  readonly #process = new Deno.Command("erl", {
    args: ["-noshell", "-eval", PROGRAM],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  readonly #input = this.#process.stdin.getWriter();
  readonly #output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  #read = "";

  /** The answer to a question. Terms of both are in the exact mapping. */
  async ask(...question: Term[]): Promise<Term> {
    const term = question.length === 1 ? question[0] : question;
    await this.#input.write(new TextEncoder().encode(`83${hex(encode(term, exact))}\n`));
    const answer = unhex(await this.#line());
    return decode(answer.subarray(1), exact);
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#read.indexOf("\n");
      if (end >= 0) {
        const line = this.#read.slice(0, end);
        this.#read = this.#read.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#output.read();
      if (done) throw new Error("Erlang has ended");
      this.#read += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
    await this.#output.cancel();
  }
}
