function define(command, cli) {
  command.argument("[file]", "configuration, as with --config").withExamples(
    ["run", "with the configuration found in the usual places"],
    ["run hpmq.yaml", "with this configuration"],
    ["run -v", "with the debug log"]
  ).action(
    cli.action(async (file) => {
      const { runGateway } = await import("../../run.js");
      const { config, socket, verbose = 0 } = cli.globals;
      return runGateway({ config: file ?? config, socket: socket ?? (cli.env.HPMQ_SOCKET || void 0), verbose });
    })
  );
}
export {
  define
};
//# sourceMappingURL=run.js.map
