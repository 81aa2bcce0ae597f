function define(command, cli) {
  command.option("--read-only", "offer no writes").option("--ascii", "only ASCII signs").option("--no-motion", "no animation").option("--screen <name>", "screen to begin with, such as devices").withExamples(
    ["tui", "watch and operate the gateway on this machine"],
    ["tui --read-only --screen points", "only look"]
  ).action(
    cli.action(async (options) => {
      const { streams, env, globals } = cli;
      const { usesColor } = await import("../output.js");
      const color = usesColor(streams.stdout, env, globals.color);
      const target = await cli.socket();
      const client = await cli.client();
      const { runTui } = await import("../../tui/main.js");
      const { readOnly = false, ascii = false, motion, screen } = options;
      return runTui({
        client,
        readOnly,
        color,
        ascii,
        motion,
        target,
        ...screen !== void 0 && { screen }
      });
    })
  );
}
export {
  define
};
//# sourceMappingURL=tui.js.map
