/**
 * A scope of process groups beside a node that sends messages of the wrong shape.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { isPid, Pg, type Pid, Process, spawn, type Term, unwrap } from "../../mod.ts";
import { scopeNamed } from "../../lib/pg/scope.ts";
import { List } from "../../lib/node/mod.ts";
import { collectReports } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";
import { lotFrom, mutated } from "./mutation.ts";

/** What a scope of another node sends, given its pid, a member of it and one that is not. */
function traffic(scope: Pid, member: Pid, other: Pid): readonly Term[] {
  const groups = List.of<Term>(["g", List.of(member)], [["h", 1], List.of(member, member)]);
  return [
    ["discover", scope],
    ["$gen_cast", ["sync", scope, groups]],
    ["join", scope, "g", member],
    ["join", scope, ["h", 1], List.of(member, other)],
    ["leave", scope, List.of(member), List.of<Term>("g", ["h", 1])],
    ["leave", scope, other, List.of<Term>("g")],
  ];
}

for (const seed of [1, 2, 3]) {
  Deno.test(`Pg keeps its members beside a node that sends it wrong messages, seed ${seed}`, async () => {
    await FakePeer.run(async (peer) => {
      using _reports = collectReports();
      const lot = lotFrom(seed);
      const scope = unwrap(await Pg.startLink("hostile"));
      const mine = spawn(() => new Promise(() => {}));
      await Pg.join("hostile", "g", mine);
      for (let round = 0; round < 300; round++) {
        const [theirs, member, other] = [peer.pid(), peer.pid(), peer.pid()];
        for (const message of traffic(theirs, member, other)) {
          const said = lot(3) === 0 ? message : mutated(message, lot);
          peer.says("reg_send", theirs, "hostile", said);
        }
        await peer.hears();
      }
      assert(Process.isAlive(scope));
      for (const group of Pg.whichGroups("hostile")) {
        const members = Pg.getMembers("hostile", group);
        assert(members.length > 0 && members.every(isPid));
      }
      assertEquals(Pg.getLocalMembers("hostile", "g"), [mine]);
      peer.down();
      await peer.hears();
      assertEquals(Pg.getMembers("hostile", "g"), [mine]);
      assertEquals(Pg.whichGroups("hostile"), ["g"]);
      assertEquals(scopeNamed("hostile")!.sizes, { groups: 1, members: 1, peers: 0, watchers: 0 });
      Process.exit(mine, "kill");
    });
  });
}
