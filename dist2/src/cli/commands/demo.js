function define(command, cli) {
  command.option("--tui", "open the terminal interface on it").withExamples(
    ["demo", "prints what flows where; Ctrl-C ends it and leaves nothing behind"],
    ["demo --tui", "the same, in the terminal interface"]
  ).action(
    cli.action(async (options) => {
      const { runDemo } = await import("../../demo/demo.js");
      return runDemo({ tui: options.tui ?? false, color: cli.globals.color !== false });
    })
  );
}
export {
  define
};
//# sourceMappingURL=demo.js.map
