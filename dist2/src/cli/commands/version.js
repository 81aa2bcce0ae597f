import { version } from "../../version.js";
function define(command, cli) {
  command.withExamples(["version", "of hpmq, Node and the platform"], ["version --json", "for programs"]).action(
    cli.action(() => {
      const { platform, arch, versions } = process;
      if (cli.output.isJson) cli.output.json({ version, node: versions.node, platform, arch });
      else cli.output.line(`hpmq ${version} (node ${versions.node}, ${platform} ${arch})`);
      return void 0;
    })
  );
}
export {
  define
};
//# sourceMappingURL=version.js.map
