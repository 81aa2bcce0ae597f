/** Every framer against a stream byte by byte, in one burst, in random pieces, and with noise between and inside. */
import t from 'tap';
import { Choice } from '../../../support/random.js';
import { type Sample, samples, taker } from '../../../support/serial-streams.js';

const hexOf = (contents: readonly Buffer[]) => contents.map((content) => content.toString('hex'));

/** Chunks of random sizes. */
function* pieces(bytes: Buffer, choice: Choice): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + choice.below(9);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** A content that does not hold the delimiter of the kind by chance. */
function contentOf({ title, content }: Sample, choice: Choice): Buffer {
  for (;;) {
    const bytes = content(choice);
    if (title !== 'delimiter of three bytes' || !bytes.includes('aab')) return bytes;
  }
}

for (const sample of samples) {
  t.test(sample.title, async (t) => {
    const choice = new Choice(7);
    const isGap = sample.frame.kind === 'gap';
    const contents = Array.from({ length: 40 }, () => contentOf(sample, choice));
    const frames = contents.map((content) => sample.encode(content));
    const expected = hexOf(contents);

    const single = taker(sample);
    for (const frame of frames) {
      for (const byte of frame) single.framer.push(Buffer.of(byte));
      if (isGap) single.framer.cut();
    }
    t.strictSame(hexOf(single.contents), expected, 'byte by byte');

    if (!isGap) {
      const burst = taker(sample);
      burst.framer.push(Buffer.concat(frames));
      t.strictSame(hexOf(burst.contents), expected, 'in one burst');
    }

    const random = taker(sample);
    for (const frame of frames) {
      for (const piece of pieces(frame, choice)) random.framer.push(piece);
      if (isGap) random.framer.cut();
    }
    t.strictSame(hexOf(random.contents), expected, 'in pieces');
    t.ok(random.framer.pending <= sample.frame.kind.length + 2, 'next to nothing is kept');
  });

  t.test(`${sample.title}: noise`, async (t) => {
    const choice = new Choice(11);
    const isChecked = sample.checksum !== undefined || sample.frame.kind === 'nmea' || sample.frame.kind === 'telegram';
    const noisy = taker(sample, 4_096);
    const sent: string[] = [];
    for (let round = 0; round < 60; round++) {
      // Noise, then silence: what was begun is given up.
      noisy.framer.push(Buffer.from(Array.from({ length: choice.below(30) }, () => choice.below(256))));
      noisy.framer.cut();
      const before = noisy.contents.length;
      const content = contentOf(sample, choice);
      sent.push(content.toString('hex'));
      for (const piece of pieces(sample.encode(content), choice)) noisy.framer.push(piece);
      if (sample.frame.kind === 'gap') noisy.framer.cut();
      const isFound = noisy.contents.at(-1)?.toString('hex') === sent.at(-1);
      if (!isFound) t.fail(`the frame after noise and silence is not found (${round})`);
      if (isChecked && noisy.contents.length !== before + 1) t.fail(`something else is found, too (${round})`);
    }
    t.equal(sent.length, 60, 'each frame after noise and silence is found');
    if (!isChecked) return;
    // A flipped bit: that frame is gone, and at most the one behind it.
    const flipped = taker(sample, 4_096);
    const contents = Array.from({ length: 60 }, () => contentOf(sample, choice));
    for (const [index, content] of contents.entries()) {
      const frame = Buffer.from(sample.encode(content));
      if (index % 3 === 0) frame[choice.below(frame.length)]! ^= 1 << choice.below(8);
      flipped.framer.push(frame);
    }
    const found = new Set(hexOf(flipped.contents));
    const lost = contents.filter((content) => !found.has(content.toString('hex'))).length;
    t.ok(lost <= 40, `${lost} of 60 frames lost with 20 flipped bits`);
    const good = new Set(hexOf(contents));
    const wrong = [...found].filter((one) => !good.has(one));
    t.ok(wrong.length <= 1, `no wrong content but by chance of an 8-bit sum: ${wrong.join(' ')}`);
  });

  t.test(`${sample.title}: a frame that never ends`, async (t) => {
    const long = taker(sample, 64);
    const choice = new Choice(3);
    const head = sample.encode(contentOf(sample, choice)).subarray(0, 3);
    long.framer.push(head);
    let most = 0;
    for (let i = 0; i < 1_000; i++) {
      long.framer.push(Buffer.from('z'));
      most = Math.max(most, long.framer.pending);
    }
    t.ok(most <= 64, `at most 64 bytes are kept: ${most}`);
    long.framer.cut();
    t.equal(long.framer.pending <= 2, true, 'nothing is kept');
    if (sample.frame.kind === 'fixed' || sample.frame.kind === 'length') return;
    const before = long.contents.length;
    const short = sample.title === 'telegram' ? undefined : sample.encode(contentOf(sample, new Choice(5)));
    if (short !== undefined && short.length <= 64) {
      long.framer.push(short);
      long.framer.cut();
      t.ok(long.contents.length > before, 'the next frame is found');
    }
  });
}
