/** The verbs of `hpmq function` that speak to registries; what they do is loaded when it is asked for. */
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import type {
  BuildOptions,
  ImageOptions,
  KeygenOptions,
  KeyOptions,
  LoginOptions,
  PullOptions,
} from '../function-options.js';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function defineRegistryVerbs(command: HpmqCommand, cli: Cli): void {
  const pushing = () => import('./function-push.js');
  const pulling = () => import('./function-pull.js');
  const keys = () => import('./function-keys.js');
  const withLogin = (verb: HpmqCommand): HpmqCommand =>
    verb
      .option('--username <name>', 'at the registry; instead of `functionRegistry.auth` and what docker login left')
      .option('--password-file <file>', 'its first line is the password; else stdin, or a question') as HpmqCommand;
  const withImage = (verb: HpmqCommand): HpmqCommand =>
    verb
      .option('-f, --file <file>', 'build file: FROM scratch, KIND wasi, COPY, CMD')
      .option('--compat', 'an ordinary image, for registries that take nothing else')
      .option(
        '--trigger <trigger>',
        'what it is meant to be called by, such as upstream=raw/#; may be repeated',
        collect,
      )
      .option('--annotation <key=value>', 'of the manifest; may be repeated', collect) as HpmqCommand;

  withImage(command.verb('build [module]'))
    .description('Makes an image of a module: an OCI image layout on disk')
    .option('-o, --output <folder>', 'OCI image layout', 'image')
    .option('-t, --tag <tag>', 'its name in the layout', 'latest')
    .withExamples(
      ['function build decode.wasm', 'into the folder image'],
      ['function build -f hpmq -o decode', 'by a build file'],
    )
    .action(
      cli.action(async (module: string | undefined, options: BuildOptions) =>
        (await pushing()).build(cli, module, options),
      ),
    );
  withLogin(withImage(command.verb('push <image> [module]')))
    .description('Pushes a module, an image layout or what a build file says to a registry')
    .withExamples(
      ['function push registry.example.com/fn/decode:1.0 decode.wasm', 'a module'],
      ['function push localhost:5000/fn/decode:1.0 -f hpmq', 'by a build file'],
    )
    .action(
      cli.action(async (image: string, module: string | undefined, options: ImageOptions & LoginOptions) =>
        (await pushing()).push(cli, image, module, options),
      ),
    );
  withLogin(command.verb('pull <function>'))
    .description('Fetches the image of a function, or any other, checks it, and pins its digest in the configuration')
    .option('-o, --output <file>', 'the module to a file as well')
    .option('--deploy', 'gives it to the running gateway as well')
    .withExamples(
      ['function pull decode', 'what its tag names now is what runs from the next start'],
      ['function pull decode --deploy', 'and at once'],
      ['function pull registry.example.com/fn/decode:1.0 -o decode.wasm', 'only the module'],
    )
    .action(cli.action(async (name: string, options: PullOptions) => (await pulling()).pull(cli, name, options)));
  withLogin(command.verb('inspect <image>'))
    .description('Shows an image: layout, size, annotations, signatures, tags')
    .withExamples(['function inspect registry.example.com/fn/decode:1.0', 'without trusting it'])
    .action(cli.action(async (image: string, options: LoginOptions) => (await pulling()).inspect(cli, image, options)));
  withLogin(command.verb('verify <image>'))
    .description('Checks the signature of an image; exit code 1 when it does not count')
    .option('--key <file>', 'public key, PEM; instead of `functionRegistry.trust`; may be repeated', collect)
    .withExamples(['function verify registry.example.com/fn/decode:1.0 --key publisher.pub', 'who signed it'])
    .action(
      cli.action(async (image: string, options: LoginOptions & { readonly key?: readonly string[] }) =>
        (await pulling()).verify(cli, image, options),
      ),
    );
  command
    .verb('keygen')
    .description('Makes a pair of keys to sign images with: ECDSA P-256')
    .option('-o, --output <name>', 'name.key and name.pub', 'hpmq-function')
    .option('--passphrase-file <file>', 'its first line protects the private key; else stdin, or a question')
    .option('--no-passphrase', 'the private key is protected by its file alone')
    .withExamples(['function keygen -o publisher', 'publisher.key signs, publisher.pub goes to the gateways'])
    .action(cli.action(async (options: KeygenOptions) => (await keys()).keygen(cli, options)));
  withLogin(command.verb('sign <image>'))
    .description('Signs an image in its registry, as cosign does with a pair of keys')
    .requiredOption('--key <file>', 'private key, PEM (PKCS #8)')
    .option('--passphrase-file <file>', 'of the key; else stdin, or a question')
    .withExamples(['function sign registry.example.com/fn/decode:1.0 --key publisher.key', 'what the tag names now'])
    .action(
      cli.action(async (image: string, options: LoginOptions & KeyOptions & { readonly key: string }) =>
        (await keys()).sign(cli, image, options),
      ),
    );
}
