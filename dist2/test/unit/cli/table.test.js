import fc from "fast-check";
import stringWidth from "string-width";
import t from "tap";
import { usesColor } from "../../../src/cli/output.js";
import { cut, tableLines } from "../../../src/cli/table.js";
import { bytesText, rateText, visible } from "../../../src/cli/text.js";
const columns = [
  { title: "NAME", value: ([name]) => name, tone: ([name]) => name === "bad" ? "bad" : void 0 },
  { title: "VALUE", value: ([, value]) => value, align: "right" },
  { title: "TOPIC", value: ([name]) => `plant/line/${name}` }
];
const plain = { width: void 0, paint: (_tone, text) => text };
t.test("columns are aligned by terminal cells, numbers to the right", async (t2) => {
  t2.strictSame(
    tableLines(
      columns,
      [
        ["\u6E29\u5EA6", "1"],
        ["p", "12.5"]
      ],
      plain
    ),
    ["NAME  VALUE  TOPIC", "\u6E29\u5EA6      1  plant/line/\u6E29\u5EA6", "p      12.5  plant/line/p"]
  );
});
t.test("a terminal cuts the widest column, a pipe cuts nothing", async (t2) => {
  const rows = [
    ["a".repeat(40), "1"],
    ["b", "2"]
  ];
  const narrow = tableLines(columns, rows, { ...plain, width: 40 });
  for (const line of narrow) t2.ok(stringWidth(line) <= 40, line);
  t2.match(narrow[1], /…/);
  t2.match(tableLines(columns, rows, plain)[1], /a{40} .*plant\/line\/a{40}$/);
});
t.test("tones become paint", async (t2) => {
  const painted = tableLines(columns, [["bad", "1"]], {
    width: void 0,
    paint: (tone, text) => `<${tone}>${text}</>`
  });
  t2.match(painted[0], "<muted>NAME</>");
  t2.match(painted[1], "<bad>bad </>");
});
t.test("whatever the rows are, a line is never wider than the terminal", async (t2) => {
  const row = fc.tuple(fc.string({ unit: "grapheme", maxLength: 60 }), fc.string({ maxLength: 60 }));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 4 }), fc.integer({ min: 24, max: 120 }), (rows, width) => {
      return tableLines(columns, rows, { ...plain, width }).every((line) => stringWidth(line) <= width);
    })
  );
  t2.pass("within the width");
});
t.test("cut() keeps whole characters", async (t2) => {
  t2.equal(cut("\u6E29\u5EA6\u8A08", 4), "\u6E29\u2026");
  t2.equal(cut("abc", 3), "abc");
});
t.test("text from the field cannot move the cursor or forge a line", async (t2) => {
  t2.equal(visible("a\x1B[2Jb\nc\x07\u202Ed\x9B"), "a\\u001b[2Jb\\nc\\u0007\\u202ed\\u009b");
  t2.equal(visible("71.4 \xB0C, \u6E29\u5EA6"), "71.4 \xB0C, \u6E29\u5EA6");
});
t.test("sizes and rates are short", async (t2) => {
  t2.strictSame(
    [bytesText(999), bytesText(614e5), rateText(12.53), rateText(0.25), rateText(0)],
    ["999 B", "61 MB", "13/s", "0.3/s", "0/s"]
  );
});
t.test("colours: a terminal unless it is told otherwise; FORCE_COLOR before all", async (t2) => {
  const tty = { isTTY: true, write: () => true };
  const pipe = { isTTY: false, write: () => true };
  t2.equal(usesColor(tty, { TERM: "xterm" }, true), true);
  t2.equal(usesColor(tty, { TERM: "xterm" }, false), false, "--no-color");
  t2.equal(usesColor(tty, { NO_COLOR: "1" }, true), false);
  t2.equal(usesColor(tty, { TERM: "dumb" }, true), false);
  t2.equal(usesColor(pipe, {}, true), false);
  t2.equal(usesColor(pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }, false), true);
  t2.equal(usesColor(tty, { FORCE_COLOR: "0" }, true), false);
});
//# sourceMappingURL=table.test.js.map
