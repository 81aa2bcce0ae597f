/** SCRAM-SHA-256 by the example of RFC 7677 §3, and what a client may not do. */
import t from 'tap';
import { Accounts } from '../../../../src/broker/access/accounts.js';
import { type ClientFirst, parseClientFirst, ScramServer } from '../../../../src/broker/access/scram.js';
import { Refusal } from '../../../../src/broker/reason-codes.js';
import { deriveScramCredentials, parseScramCredentials, scramText } from '../../../../src/core/scram.js';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const clientFirst = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const clientFinal =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

const start = async (first = clientFirst) => {
  const parsed = (await parseClientFirst(Buffer.from(first))) as ClientFirst;
  return new ScramServer(parsed, await deriveScramCredentials('pencil', salt, 4_096), serverNonce);
};

t.test('the example of RFC 7677 §3', async (t) => {
  const server = await start();
  t.equal(
    server.serverFirst.toString(),
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  );
  t.equal(server.finish(Buffer.from(clientFinal)).toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

t.test('credentials as text and back', async (t) => {
  const text = scramText(await deriveScramCredentials('pencil', salt, 4_096));
  t.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$/);
  t.equal(scramText(parseScramCredentials(text)!), text);
  t.equal(parseScramCredentials(text.replace('4096', '4095')), undefined, 'RFC 7677 §4 asks for 4,096');
  t.equal(parseScramCredentials(text.replace('4096', '99999999')), undefined);
  t.equal(parseScramCredentials('hunter2'), undefined);
});

t.test('client-first: names by RFC 5802 §5.1, no channel binding, nobody for somebody else', async (t) => {
  const user = async (text: string) => {
    const parsed = await parseClientFirst(Buffer.from(text));
    return parsed instanceof Refusal ? parsed.reasonCode : parsed.user;
  };
  t.equal(await user('n,,n=a=2Cb=3Dc,r=x'), 'a,b=c');
  t.equal(await user('y,,n=user,r=x'), 'user', 'y: it would bind the channel if we did');
  t.equal(await user('n,,n=I\u00adX,r=x'), 'IX', 'SASLprep removes the soft hyphen');
  t.equal(await user('n,,n=\u00aa,r=x'), 'a');
  t.equal(await user('n,a=user,n=user,r=x'), 'user');
  t.equal(await user('n,a=admin,n=user,r=x'), 0x86);
  for (const text of [
    '',
    'n,,',
    'n,,n=,r=x',
    'n,,n=user,r=',
    'n,,n=a=2Db,r=x',
    'n,,n=a=,r=x',
    'n,,m=ext,n=user,r=x',
    'p=tls-unique,,n=user,r=x',
    'n,,n=\u0627\u0031,r=x',
    'n,,n=user,r=a b',
    `n,,n=${'u'.repeat(5_000)},r=x`,
  ]) {
    t.equal(await user(text), 0x82, text.slice(0, 40));
  }
  t.ok((await parseClientFirst(undefined)) instanceof Refusal);
});

t.test('client-final: another nonce, another binding, another proof are wrong; no message is malformed', async (t) => {
  const code = async (final: string | undefined, first?: string) => {
    const answer = (await start(first)).finish(final === undefined ? undefined : Buffer.from(final));
    return answer instanceof Refusal ? answer.reasonCode : 0;
  };
  t.equal(await code(clientFinal), 0);
  t.equal(await code(clientFinal.replace('p=dH', 'p=aH')), 0x86);
  t.equal(await code(clientFinal.replace('k0,p', 'k1,p')), 0x86);
  t.equal(await code(clientFinal.replace('biws', 'eSws')), 0x86, 'y,, and n,, are not the same');
  t.equal(await code(clientFinal.replace(/p=.*/, 'p=AAAA')), 0x86);
  t.equal(await code(clientFinal.replace(/,p=.*/, '')), 0x82);
  t.equal(await code(''), 0x82);
  t.equal(await code(undefined), 0x82);
});

t.test('who does not exist gets a salt of his own, the same each time, also after a restart', async (t) => {
  const scram = scramText(await deriveScramCredentials('pencil', salt, 4_096));
  const users = [{ name: 'u', password: undefined, scram, roles: [], disabled: false, clientIds: undefined }];
  const [one, again] = [new Accounts(users), new Accounts(users)];
  const nobody = one.scramDecoy('nobody');
  t.strictSame(again.scramDecoy('nobody').salt, nobody.salt);
  t.notSame(one.scramDecoy('noone').salt, nobody.salt);
  t.equal(nobody.salt.length, salt.length);
  t.equal(nobody.iterations, 4_096, 'as those who exist have');
});
