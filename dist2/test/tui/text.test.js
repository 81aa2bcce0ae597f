import fc from "fast-check";
import stringWidth from "string-width";
import t from "tap";
import { placeColumns } from "../../src/tui/columns.js";
import { parseFilter } from "../../src/tui/filter.js";
import { age, bytes, compact, milliseconds, sparkline } from "../../src/tui/format.js";
import { pressesOf } from "../../src/tui/press.js";
import { candidates, complete, parseCommand } from "../../src/tui/prompt.js";
import { compose, span } from "../../src/tui/spans.js";
import { filterOfNode, topicNodes } from "../../src/tui/tables/topics.js";
import { clean, cut, cutStart, fit, headOf, widthOf, wrap } from "../../src/tui/text.js";
import { needsAscii } from "../../src/tui/theme.js";
const hostile = fc.array(
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.integer({ min: 0, max: 159 }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(
      "\x1B[31m",
      "\x1B]0;title\x07",
      "\x9B2J",
      "\u202E",
      "\u200B",
      "\uFEFF",
      "\uD800",
      "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}",
      "\u6F22\u5B57",
      "\u{E0041}"
    )
  )
).map((parts) => parts.join(""));
t.test("no control character, escape, bidirectional or invisible character is ever drawn", async (t2) => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (text, ascii) => {
      const safe = clean(text, ascii);
      if (ascii) return /^[\x20-\x7e]*$/.test(safe);
      return !/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(safe) && safe.isWellFormed();
    })
  );
  t2.equal(clean("a\x1B[2Jb"), "a\xB7[2Jb");
  t2.equal(clean("two\nlines	and tab"), "two lines and tab");
  t2.equal(clean("71.4 \xB0C \u2192 \u25CF", true), "71.4 C -> *");
});
t.test("clean is idempotent", async (t2) => {
  t2.doesNotThrow(() => fc.assert(fc.property(hostile, (text) => clean(clean(text)) === clean(text))));
});
t.test("fit makes text exactly as wide as asked", async (t2) => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 60 }), fc.boolean(), (text, width, ascii) => {
      return stringWidth(fit(clean(text, ascii), width, "left", ascii)) === width;
    })
  );
  t2.equal(fit("abc", 5, "right"), "  abc");
  t2.equal(cut("abcdef", 4), "abc\u2026");
  t2.equal(cut("\u6F22\u5B57\u6F22\u5B57", 4), "\u6F22\u2026");
  t2.equal(headOf("a\u6F22", 2), "a");
  t2.equal(cutStart("plant/a/b", 5), "\u2026/a/b");
  t2.equal(cutStart("\u6F22\u5B57\u6F22", 4), "\u2026\u6F22");
});
t.test("a composed line is exactly as wide as asked", async (t2) => {
  t2.doesNotThrow(
    () => fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), fc.integer({ min: 1, max: 80 }), (texts, width) => {
        const line = compose(
          texts.map((text) => ({ text })),
          width
        );
        return stringWidth(line.map(({ text }) => text).join("")) === width;
      })
    )
  );
});
t.test("wrapped lines are never too wide and lose nothing but blanks", async (t2) => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 2, max: 40 }), (text, width) => {
      const safe = clean(text);
      const lines = wrap(safe, width);
      const squeezed = (line) => line.replaceAll(" ", "");
      return lines.every((line) => stringWidth(line) <= width) && squeezed(lines.join("")) === squeezed(safe);
    })
  );
  t2.strictSame(wrap("check wiring, unit id", 10), ["check", "wiring,", "unit id"]);
});
t.test("numbers are short and honest", async (t2) => {
  t2.strictSame([0, 0.4, 7, 12.6, 999, 1e3, 1234, 12345, 999600, 15e5].map(compact), [
    "0",
    "0.4",
    "7",
    "13",
    "999",
    "1.0k",
    "1.2k",
    "12k",
    "1.0M",
    "1.5M"
  ]);
  t2.strictSame([0, 999, 614e5, 12e8].map(bytes), ["0 B", "999 B", "61 MB", "1.2 GB"]);
  t2.equal(age(null, 5), "\u2014", "unknown is never 0");
  t2.equal(milliseconds(null), "\u2014");
  t2.equal(milliseconds(4.13), "4.1");
});
t.test("a trend spans its smallest to its largest sample, with gaps", async (t2) => {
  t2.equal(sparkline([1, null, 4, 7], 10), "\u2581 \u2584\u2587");
  t2.equal(sparkline([5, 5], 10), "\u2584\u2584");
  t2.equal(sparkline([1, 2, 3], 2), "\u2581\u2587", "the newest are shown");
  t2.equal(sparkline([], 5), "");
  t2.equal(sparkline([1, 1, 0, null], 10), "\u2587\u2587\u2581 ", "a switch that is on is high");
  t2.equal(sparkline([0, 0], 10), "\u2581\u2581", "also when it never moved");
});
t.test("columns are dropped by priority, then grow from the left", async (t2) => {
  const column = (id, min, priority, max) => ({
    id,
    title: id,
    min,
    priority,
    cell: () => ({ text: "" }),
    ...max === void 0 ? {} : { max }
  });
  const columns = [column("a", 10, 0, 20), column("b", 10, 1), column("c", 10, 2)];
  const placed = (width) => placeColumns(columns, width).map(({ column: { id }, width: w }) => `${id}${w}`);
  t2.strictSame(placed(34), ["a10", "b10", "c10"]);
  t2.strictSame(placed(33), ["a20", "b10"]);
  t2.strictSame(placed(15), ["a15"]);
  t2.strictSame(placed(100), ["a20", "b10", "c10"]);
});
t.test("a filter knows words, their absence, and regular expressions", async (t2) => {
  t2.ok(parseFilter("BOILER temp").matches("boiler/temperature"));
  t2.notOk(parseFilter("boiler level").matches("boiler/temperature"));
  t2.notOk(parseFilter("!boiler").matches("boiler/temperature"));
  t2.ok(parseFilter("re:^b.*e$").matches("boiler/temperature"));
  t2.match(parseFilter("re:(").problem, /./);
  t2.ok(parseFilter("re:(").matches("anything"), "a broken expression hides nothing");
  t2.ok(parseFilter(" ").matches("anything"));
});
const names = { devices: ["boiler", "boost", "meter"], topics: ["plant/a"] };
t.test("commands name a screen, what it shows, and a filter", async (t2) => {
  t2.strictSame(parseCommand("points boiler /temp", names), {
    kind: "go",
    route: { screen: "points", argument: "boiler" },
    filter: "temp"
  });
  t2.strictSame(parseCommand("topics plant/+/a", names), {
    kind: "go",
    route: { screen: "topics", argument: "plant/+/a" },
    filter: void 0
  });
  t2.strictSame(parseCommand("logs /re:a b", names), { kind: "go", route: { screen: "logs" }, filter: "re:a b" });
  t2.strictSame(parseCommand("q", names), { kind: "quit" });
  t2.strictSame(parseCommand("pionts", names), {
    kind: "problem",
    problem: 'there is no command "pionts", did you mean points?'
  });
  t2.match(parseCommand("points boilr", names), { problem: /no device boilr, did you mean boiler/ });
  t2.match(parseCommand("links x", names), { kind: "problem" });
});
t.test("commands are completed as far as they agree", async (t2) => {
  t2.strictSame(candidates("l", names), ["links", "logs"]);
  t2.equal(complete("lo", names), "logs ");
  t2.equal(complete("points b", names), "points bo");
  t2.equal(complete("points boi", names), "points boiler ");
  t2.equal(complete("points x", names), "points x");
  t2.strictSame(candidates("points boiler ", names), []);
  t2.notOk(candidates("", names).includes("functions"), "only what exists");
});
const noKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false
};
t.test("what came in one piece is taken apart into keys", async (t2) => {
  const pressed = (input, key = {}) => pressesOf(input, { ...noKey, ...key }).map(({ name }) => name);
  t2.strictSame(pressed("a B\r"), ["a", "space", "B", "enter"]);
  t2.strictSame(pressed("", { upArrow: true }), ["up"]);
  t2.strictSame(pressed("c", { ctrl: true }), ["ctrl-c"]);
  t2.strictSame(pressed("x", { meta: true }), []);
  t2.strictSame(pressed("4\x7F"), ["4", "backspace", "ctrl-u"]);
});
t.test("topics are a tree with the counts of all below", async (t2) => {
  const topic = (name, messages) => [name, { topic: name, retained: messages > 1, messages, at: messages }];
  const topics = new Map([topic("a/b", 2), topic("a/c/d", 3), topic("/x", 1), topic("a", 1)]);
  const nodes = topicNodes(topics, /* @__PURE__ */ new Set(), void 0);
  t2.strictSame(
    nodes.map(({ path, depth, messages, children }) => [path, depth, messages, children]),
    [
      ["", 0, 1, 1],
      ["/x", 1, 1, 0],
      ["a", 0, 6, 2],
      ["a/b", 1, 2, 0],
      ["a/c", 1, 3, 1],
      ["a/c/d", 2, 3, 0]
    ]
  );
  t2.strictSame(
    topicNodes(topics, /* @__PURE__ */ new Set(["a"]), void 0).map(({ path }) => path),
    ["", "/x", "a"]
  );
  t2.equal(filterOfNode(nodes[2], "#"), "a/#");
  t2.equal(filterOfNode(nodes[3], "#"), "a/b");
  t2.equal(filterOfNode(nodes[2], "a/b"), "a/b", "never more than what is watched");
  t2.equal(filterOfNode(nodes[2], "a/+/d"), "a/+/d");
  t2.equal(filterOfNode(nodes[4], "+/+/d/#"), "a/c/d/#");
  t2.equal(filterOfNode(nodes[4], "a/#"), "a/c/#");
  t2.strictSame(
    topicNodes(topics, /* @__PURE__ */ new Set(), parseFilter("c")).map(({ path }) => path),
    ["a", "a/c", "a/c/d"]
  );
});
t.test("a console or a locale without UTF-8 gets the ASCII set", async (t2) => {
  t2.ok(needsAscii({ TERM: "linux", LANG: "C.UTF-8" }));
  t2.ok(needsAscii({ LANG: "de_DE.ISO-8859-1" }));
  t2.ok(needsAscii({ LC_ALL: "C", LANG: "C.UTF-8" }), "LC_ALL wins");
  t2.notOk(needsAscii({ LANG: "de_DE.utf8" }));
  t2.notOk(needsAscii({}), "an empty environment says nothing");
});
t.test("the width of every character is that of the library, also where it is not asked", async (t2) => {
  const wrong = [];
  for (let code = 32; code < 65536; code++) {
    const text = String.fromCharCode(code);
    if (widthOf(text) !== stringWidth(text)) wrong.push(code);
  }
  t2.strictSame(wrong, []);
});
t.test("pieces of a line that look the same are one", async (t2) => {
  const line = compose([span("a"), span("  "), span("b"), span("  "), span("c", "ok"), span("d", "ok", true)], 10);
  t2.strictSame(
    line.map(({ text }) => text),
    ["a  b  ", "c", "d  "]
  );
});
//# sourceMappingURL=text.test.js.map
