const everything = { matches: () => true };
function parseFilter(source) {
  const text = source.trim();
  if (text === "") return everything;
  if (text.startsWith("re:")) {
    try {
      const expression = new RegExp(text.slice(3), "iu");
      return { matches: (row) => expression.test(row.slice(0, 1e3)) };
    } catch (error) {
      return { matches: () => true, problem: error.message };
    }
  }
  const wanted = [];
  const unwanted = [];
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word.startsWith("!") && word.length > 1) unwanted.push(word.slice(1));
    else if (word !== "!") wanted.push(word);
  }
  return {
    matches(row) {
      const lower = row.toLowerCase();
      return wanted.every((word) => lower.includes(word)) && !unwanted.some((word) => lower.includes(word));
    }
  };
}
export {
  parseFilter
};
//# sourceMappingURL=filter.js.map
