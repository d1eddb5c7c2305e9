/**
 * Requests whose answer is taken later: `GenServer.sendRequest` and what goes with it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  exit,
  flush,
  GenServer,
  isReference,
  makeRef,
  type Noreply,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  type Reply,
  reply,
  self,
  send,
  spawn,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { Scripted } from "./fixtures/script.ts";
import { aliasTag } from "../lib/kernel/list.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

/** Replies to `"now"` at once, and to every other request when it is asked to. */
const Patient = {
  init: () => ok<Open>([]),
  handleCall: (
    request: unknown,
    from: GenServer.From,
    open: Open,
  ): Reply<unknown, Open> | Noreply<Open> =>
    request === "now" ? reply("at once", open) : noreply<Open>([...open, [request, from]]),
  handleCast: (answered: unknown, open: Open) => {
    for (const [request, from] of open) {
      if (request === answered) GenServer.reply(from, ["answer to", request]);
    }
    return noreply<Open>(open.filter(([request]) => request !== answered));
  },
};

type Open = readonly (readonly [unknown, GenServer.From])[];

async function patient(): Promise<Pid<typeof Patient>> {
  return unwrap(await GenServer.start(Patient));
}

// --- One request --------------------------------------------------------------------------------

for (const take of ["waitResponse", "receiveResponse"] as const) {
  Deno.test(`GenServer.${take}() resolves with the reply to a request, once [GS-094]`, async () => {
    await inProcess(async () => {
      const pid = await patient();
      const id = GenServer.sendRequest(pid, "now");
      assert(isReference(id));
      assertEquals(await GenServer[take](id, 1000), ["reply", "at once"]);
      await assertSilence();
      assertEquals(await GenServer[take](id, 0), "timeout");
      assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
      await GenServer.stop(pid);
      await assertSilence();
    });
  });

  Deno.test(`GenServer.${take}() waits forever by default [GS-094]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const pid = await patient();
      const response = GenServer[take](GenServer.sendRequest(pid, "later"));
      await pass(time, 24 * 3600_000);
      GenServer.cast(pid, "later");
      assertEquals(await response, ["reply", ["answer to", "later"]]);
      await GenServer.stop(pid);
    });
  });

  Deno.test(`GenServer.${take}() resolves with an error when the server exits before it has replied [GS-094]`, async () => {
    await inProcess(async () => {
      const name = freshAtom();
      for (const reason of ["normal", ["shutdown", 1], "boom"]) {
        const pid = unwrap(await GenServer.start(Patient, undefined, { name }));
        const ids = [pid, name].map((server) => GenServer.sendRequest(server, "later"));
        await settled();
        using _reports = collectReports();
        await GenServer.stop(pid, reason);
        for (const id of ids) assertEquals(await GenServer[take](id), ["error", [reason, pid]]);
        await assertSilence();
      }
    });
  });

  Deno.test(`GenServer.${take}() resolves with an error when there is no process, with the name as it was given [GS-094]`, async () => {
    await inProcess(async () => {
      const dead = spawn(() => {});
      await exitOf(dead);
      const nobodies = [
        dead,
        [freshAtom(), "nonode@nohost"] as const,
        ...Object.values(NAMINGS).map((fresh) => fresh()),
      ];
      for (const nobody of nobodies) {
        const id = await GenServer.sendRequest(nobody, "now");
        assertEquals(await GenServer[take](id), ["error", ["noproc", nobody]]);
      }
      const away = ["name", "no@where"] as const;
      const id = await GenServer.sendRequest(away, "now");
      assertEquals(await GenServer[take](id), ["error", [["nodedown", "no@where"], away]]);
      await assertSilence();
    });
  });

  Deno.test(`GenServer.${take}() refuses invalid timeouts and requests`, async () => {
    await inProcess(async () => {
      const pid = await patient();
      const id = GenServer.sendRequest(pid, "later");
      const wrong = [-1, NaN, "5", null, ["abs"], ["abs", "x"], ["at", 5], ["abs", Infinity]];
      for (const timeout of wrong as never[]) {
        await assertRejects(() => GenServer[take](id, timeout), RangeError);
        await assertRejects(
          () => GenServer[take](GenServer.reqidsNew(), timeout, true),
          RangeError,
        );
      }
      for (const request of [undefined, 5, "id", [1], pid] as never[]) {
        await assertRejects(() => GenServer[take](request, 0), TypeError, "sendRequest");
      }
      await GenServer.stop(pid);
    });
  });

  Deno.test(`GenServer.${take}() takes a moment for a timeout, which may be past [GS-094]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const pid = await patient();
      const id = GenServer.sendRequest(pid, "later");
      assertEquals(
        await GenServer.waitResponse(id, ["abs", Process.monotonicTime() - 5]),
        "timeout",
      );
      let result: unknown;
      void GenServer[take](id, ["abs", Process.monotonicTime() + 100]).then((value) =>
        result = value
      );
      await pass(time, 99);
      assertEquals(result, undefined);
      await pass(time, 1);
      assertEquals(result, "timeout");
      await GenServer.stop(pid);
    });
  });
}

Deno.test("GenServer.waitResponse() can be asked again after a timeout, and still gets the answer [GS-094]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = await patient();
    const id = GenServer.sendRequest(pid, "later");
    assertEquals(await GenServer.waitResponse(id, 0), "timeout");
    const second = GenServer.waitResponse(id, 50);
    await pass(time, 50);
    assertEquals(await second, "timeout");
    GenServer.cast(pid, "later");
    assertEquals(await GenServer.waitResponse(id, 50), ["reply", ["answer to", "later"]]);
    await GenServer.stop(pid);
    await assertSilence();
  });
});

Deno.test("GenServer.receiveResponse() abandons the request after a timeout: neither reply nor DOWN arrives [GS-094]", async () => {
  await inProcess(async () => {
    const pid = await patient();
    const id = GenServer.sendRequest(pid, "later");
    assertEquals(await GenServer.receiveResponse(id, 0), "timeout");
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
    GenServer.cast(pid, "later");
    await assertSilence();
    await GenServer.stop(pid);
    await assertSilence();
    assertEquals(await GenServer.receiveResponse(id, 0), "timeout");
  });
});

Deno.test("GenServer.waitResponse() leaves other messages in the mailbox, also what looks like an answer [GS-092]", async () => {
  await inProcess(async () => {
    const pid = await patient();
    const other = makeRef();
    const mail = [
      "hello",
      [aliasTag(other), "reply"],
      ["DOWN", other, "process", pid, "why"],
      [other, "reply"],
    ];
    for (const message of mail) send(self(), message);
    const id = GenServer.sendRequest(pid, "now");
    assertEquals(await GenServer.waitResponse(id, 1000), ["reply", "at once"]);
    assertEquals(flush(), mail);
    await GenServer.stop(pid);
  });
});

Deno.test("GenServer.sendRequest() to oneself is a message like any other, which cannot be answered, as in OTP [GS-094]", async () => {
  await inProcess(async () => {
    const id = GenServer.sendRequest(self(), "to myself");
    const [tag, from, request] = await receive() as [string, GenServer.From, unknown];
    assertEquals([tag, from[0], request], ["$gen_call", self(), "to myself"]);
    assertEquals(GenServer.reply(from, "from myself"), "ok");
    assertEquals(await GenServer.receiveResponse(id, 0), "timeout");
    await assertSilence();
  });
});

Deno.test("GenServer.sendRequest() refuses what cannot stand for a server", () => {
  for (const wrong of [undefined, null, 5, ["a", 1], {}] as never[]) {
    assertThrows(() => GenServer.sendRequest(wrong, 1), TypeError);
  }
});

Deno.test("GenServer.checkResponse() recognises the answer in a message that was taken already [GS-094]", async () => {
  await inProcess(async () => {
    const pid = await patient();
    const first = GenServer.sendRequest(pid, "now");
    const second = GenServer.sendRequest(pid, "later");
    const message = await receive();
    assertEquals(GenServer.checkResponse(message, second), "no_reply");
    assertEquals(GenServer.checkResponse("hello", first), "no_reply");
    assertEquals(GenServer.checkResponse(message, first), ["reply", "at once"]);
    await GenServer.stop(pid);
    const down = await receive();
    assertEquals(GenServer.checkResponse(down, first), "no_reply");
    assertEquals(GenServer.checkResponse(down, second), ["error", ["normal", pid]]);
    assertThrows(() => GenServer.checkResponse(down, "id" as never), TypeError);
    await assertSilence();
  });
});

Deno.test("GenServer.waitResponse() works in an async callback of a server [GS-094]", async () => {
  await inProcess(async () => {
    const other = await patient();
    const Front = {
      init: () => ok(0),
      handleCall: async (_: "ask", _from: GenServer.From, state: number) => {
        const ids = [GenServer.sendRequest(other, "now"), GenServer.sendRequest(other, "now")];
        return reply([
          await GenServer.waitResponse(ids[1]!, 1000),
          await GenServer.receiveResponse(ids[0]!, 1000),
        ], state);
      },
    };
    const front = unwrap(await GenServer.startLink(Front));
    send(front, "mail in between");
    using _reports = collectReports();
    assertEquals(await GenServer.call(front, "ask"), [["reply", "at once"], ["reply", "at once"]]);
    await GenServer.stop(other);
  });
});

// --- Collections --------------------------------------------------------------------------------

Deno.test("a collection of requests answers in the order of completion, with the label, and shrinks if it is to [GS-095]", async () => {
  await inProcess(async () => {
    const [one, two] = [await patient(), await patient()];
    let requests = GenServer.reqidsNew<unknown, string>();
    assertEquals(GenServer.reqidsSize(requests), 0);
    requests = GenServer.sendRequest(one, "a", "label a", requests);
    requests = GenServer.reqidsAdd(GenServer.sendRequest(two, "b"), "label b", requests);
    requests = GenServer.sendRequest(one, "c", "label c", requests);
    assertEquals(GenServer.reqidsSize(requests), 3);
    const listed = GenServer.reqidsToList(requests);
    assertEquals(listed.map(([, label]) => label).sort(), ["label a", "label b", "label c"]);
    assert(listed.every(([id]) => isReference(id)));

    GenServer.cast(two, "b");
    for (const remove of [false, true]) {
      const answer = await GenServer.waitResponse(requests, 1000, remove);
      assert(Array.isArray(answer));
      assertEquals(answer.slice(0, 2), [["reply", ["answer to", "b"]], "label b"]);
      assertEquals(GenServer.reqidsSize(answer[2]), remove ? 2 : 3);
      assertEquals(GenServer.reqidsSize(requests), 3);
      if (remove) requests = answer[2];
      else {
        // It was not removed, so it can be asked for again; its answer has been taken, though.
        assertStrictEquals(answer[2], requests);
        assertEquals(await GenServer.waitResponse(requests, 0, true), "timeout");
        const [id] = GenServer.reqidsToList(requests).find(([, label]) => label === "label b")!;
        send(self(), [aliasTag(id), ["answer to", "b"]]);
      }
    }

    Process.exit(one, "boom");
    for (const label of ["label a", "label c"]) {
      const answer = await GenServer.receiveResponse(requests, 1000, true);
      assert(Array.isArray(answer));
      assertEquals(answer.slice(0, 2), [["error", ["boom", one]], label]);
      requests = answer[2];
    }
    assertEquals(GenServer.reqidsSize(requests), 0);
    assertEquals(await GenServer.waitResponse(requests, 1000, true), "no_request");
    assertEquals(await GenServer.receiveResponse(requests, 1000, true), "no_request");
    assertEquals(GenServer.checkResponse("any", requests, true), "no_request");
    await GenServer.stop(two);
    await assertSilence();
  });
});

Deno.test("GenServer.checkResponse() with a collection finds the request that a message responds to [GS-095]", async () => {
  await inProcess(async () => {
    const pid = await patient();
    const requests = GenServer.sendRequest(pid, "now", 1 as number, GenServer.reqidsNew());
    const message = await receive();
    assertEquals(GenServer.checkResponse("hello", requests, true), "no_reply");
    const stranger = [aliasTag(makeRef()), "reply"];
    assertEquals(GenServer.checkResponse(stranger, requests, true), "no_reply");
    const kept = GenServer.checkResponse(message, requests, false);
    assertEquals(kept, [["reply", "at once"], 1, requests]);
    const removed = GenServer.checkResponse(message, requests, true);
    assert(Array.isArray(removed));
    assertEquals([removed[0], removed[1], GenServer.reqidsSize(removed[2])], [
      ["reply", "at once"],
      1,
      0,
    ]);
    await GenServer.stop(pid);
    await assertSilence();
  });
});

Deno.test("GenServer.waitResponse() with a collection keeps all after a timeout, receiveResponse() gives all up [GS-094, GS-095]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = await patient();
    let requests = GenServer.reqidsNew<unknown, number>();
    for (const label of [1, 2, 3]) requests = GenServer.sendRequest(pid, label, label, requests);
    const waiting = GenServer.waitResponse(requests, 50, true);
    await pass(time, 50);
    assertEquals(await waiting, "timeout");
    GenServer.cast(pid, 2);
    const answer = await GenServer.waitResponse(requests, 50, true);
    assert(Array.isArray(answer));
    assertEquals(answer.slice(0, 2), [["reply", ["answer to", 2]], 2]);
    requests = answer[2];

    const receiving = GenServer.receiveResponse(requests, 50, true);
    await pass(time, 50);
    assertEquals(await receiving, "timeout");
    for (const label of [1, 3]) GenServer.cast(pid, label);
    await GenServer.stop(pid);
    await assertSilence();
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
  });
});

Deno.test("GenServer.reqidsAdd() refuses a request that is in the collection already, and wrong arguments [GS-095]", async () => {
  await inProcess(async () => {
    const id = makeRef();
    const requests = GenServer.reqidsAdd(id, "label", GenServer.reqidsNew());
    assertThrows(() => GenServer.reqidsAdd(id, "again", requests), TypeError, "already");
    assertThrows(() => GenServer.reqidsAdd("id" as never, "x", requests), TypeError, "sendRequest");
    for (const wrong of [undefined, new Map(), []] as never[]) {
      assertThrows(() => GenServer.reqidsAdd(id, 1, wrong), TypeError, "reqidsNew");
      assertThrows(() => GenServer.reqidsSize(wrong), TypeError, "reqidsNew");
      assertThrows(() => GenServer.reqidsToList(wrong), TypeError, "reqidsNew");
      assertThrows(() => GenServer.sendRequest(self(), 1, 1, wrong), TypeError, "reqidsNew");
    }
    await assertSilence();
  });
});

Deno.test("a collection of requests is a value: whatever is made of it, it stays as it was [GS-095]", async () => {
  await inProcess(() => {
    const ids = Array.from({ length: 8 }, () => makeRef());
    const step = fc.record({
      of: fc.nat(),
      id: fc.nat(ids.length - 1),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const made = [{ requests: GenServer.reqidsNew(), model: new Map<unknown, unknown>() }];
      for (const [number, { of, id: index }] of steps.entries()) {
        const { requests, model } = made[of % made.length]!;
        const id = ids[index]!;
        const next = new Map(model);
        if (model.has(id)) {
          next.delete(id);
          const answer = GenServer.checkResponse([aliasTag(id), "reply"], requests, true);
          assert(Array.isArray(answer));
          assertStrictEquals(answer[1], model.get(id));
          made.push({ requests: answer[2], model: next });
        } else {
          next.set(id, number);
          made.push({ requests: GenServer.reqidsAdd(id, number, requests), model: next });
        }
      }
      for (const { requests, model } of made.reverse()) {
        assertEquals(GenServer.reqidsSize(requests), model.size);
        assertEquals(new Map(GenServer.reqidsToList(requests)), model);
      }
    }));
  });
});

Deno.test("a long line of collections costs no stack and no copies [GS-095]", async () => {
  await inProcess(() => {
    const first = GenServer.reqidsNew<unknown, number>();
    let requests = first;
    for (let n = 0; n < 100_000; n++) requests = GenServer.reqidsAdd(makeRef(), n, requests);
    assertEquals(GenServer.reqidsSize(requests), 100_000);
    assertEquals(GenServer.reqidsSize(first), 0);
  });
});

Deno.test("GenServer.sendRequest() finds a server by every form of name [GS-094]", async () => {
  await inProcess(async () => {
    for (const fresh of Object.values(NAMINGS)) {
      const name = fresh();
      const pid = unwrap(await GenServer.startLink(Scripted, undefined, { name }));
      const request = (_from: unknown, state: unknown) => reply("here", state);
      const id = await GenServer.sendRequest(name, request);
      assertEquals(await GenServer.receiveResponse(id, 1000), ["reply", "here"]);
      const requests = await GenServer.sendRequest(name, request, 1, GenServer.reqidsNew());
      const answer = await GenServer.receiveResponse(requests, 1000, true);
      assertEquals(answer.slice(0, 2), [["reply", "here"], 1]);
      Process.unlink(pid);
      const crash = await GenServer.sendRequest(name, () => {
        throw exit("shutdown");
      });
      assertEquals(await GenServer.receiveResponse(crash), ["error", ["shutdown", pid]]);
    }
    await assertSilence();
  });
});
