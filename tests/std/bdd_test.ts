// Holds the local @std/testing/bdd to what the real one does: see README.md.
import { assertEquals } from "@std/assert";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";

const lines: string[] = [];
const add = (line: string) => () => {
  lines.push(line);
};

describe("bdd", () => {
  describe("bdd describe() runs hooks around its tests", () => {
    beforeAll(add("all {"));
    afterAll(add("} all"));
    beforeEach(add("each {"));
    afterEach(add("} each"));
    it("first", add("first"));
    describe("inner", () => {
      beforeEach(async () => {
        await Promise.resolve();
        lines.push("inner {");
      });
      afterEach(add("} inner"));
      it("second", add("second"));
    });
  });

  it("it() runs after the groups before it, their hooks done in order", () => {
    assertEquals(
      lines.join(" "),
      "all { each { first } each each { inner { second } inner } each } all",
    );
  });
});
