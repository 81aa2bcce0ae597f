import { LoadClient } from "../client.js";
async function guess(context, { port, username, tries, atOnce }) {
  context.say("connected");
  await context.hear("start");
  const startedAt = performance.now();
  const outcome = { refused: 0, closed: 0, accepted: 0 };
  let next = 0;
  const attempt = async () => {
    while (next < tries) {
      const password = `guess-${next++}`;
      const client = new LoadClient({ port, localAddress: "127.0.0.252" }, `guess-${next}`, { username, password });
      const code = await client.connack;
      if (code === 0) outcome.accepted++;
      else if (code < 0) outcome.closed++;
      else outcome.refused++;
      client.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, attempt));
  return { ...outcome, ms: performance.now() - startedAt };
}
export {
  guess
};
//# sourceMappingURL=guess.js.map
