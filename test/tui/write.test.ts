import t from 'tap';
import type { PointView } from '../../src/api/contract.js';
import { systemClock } from '../../src/core/clock.js';
import {
  confirmWrite,
  editWrite,
  leaveWrite,
  limitsOf,
  openWrite,
  outcomeHint,
  outcomeOfError,
  outcomeText,
  parseValue,
  valueText,
} from '../../src/tui/write.js';
import { FakeGateway } from './fake-gateway.js';

const points = new Map(
  new FakeGateway({ clock: systemClock }).points().map((view) => [`${view.device}/${view.point}`, view]),
);
const setpoint = points.get('boiler/setpoint')!;
const burner = points.get('boiler/burner')!;
const trip = points.get('boiler/trip')!;
const serial = points.get('meter/serial')!;
const mode = points.get('boiler/mode')!;

t.test('a value must be of the kind, in the range and on a step of the point', async (t) => {
  const problem = (text: string, point: PointView) => {
    const parsed = parseValue(text, point);
    return 'problem' in parsed ? parsed.problem : parsed.value;
  };
  t.equal(problem(' 72.5 ', setpoint), 72.5);
  t.equal(problem('1e1', setpoint), 10);
  t.equal(problem('', setpoint), 'type a value');
  t.equal(problem('72,5', setpoint), 'use a point, not a comma, before the decimals');
  t.equal(problem('hot', setpoint), '"hot" is not a number');
  t.equal(problem('0x10', setpoint), '"0x10" is not a number');
  t.equal(problem('95', setpoint), '95 is above the maximum of 90 °C');
  t.equal(problem('9.5', setpoint), '9.5 is below the minimum of 10 °C');
  t.equal(problem('70.2', setpoint), 'the value must be in steps of 0.5 °C');
  t.equal(problem('on', burner), true);
  t.equal(problem('False', burner), false);
  t.equal(problem('2', burner), 'type true or false');
  t.equal(problem('eco', mode), 'eco');
  t.equal(problem('9007199254740995', serial), '9007199254740995', 'digits beyond 2^53 are not rounded');
  t.equal(problem('12', serial), 12);
});

t.test('limits and values are shown in words, with the decimals of the point', async (t) => {
  t.equal(limitsOf(setpoint), '10 to 90 °C · step 0.5 °C · read back after the write');
  t.equal(valueText(72, setpoint), '72.0 °C');
  t.equal(valueText(72.55, setpoint), '72.55 °C', 'what there is is not rounded away');
  t.equal(valueText(72, { ...setpoint, value: null, text: '—' }, '70.0'), '72.0 °C', 'also while it is not known');
  t.equal(limitsOf(burner), 'true or false · read back after the write');
  t.equal(valueText(null, setpoint), '—');
  t.equal(valueText(true, burner), 'true');
});

t.test('⏎ checks, asks, and only then sends', async (t) => {
  const typed = editWrite(openWrite('boiler', 'setpoint'), () => '72.5');
  const asked = confirmWrite(typed, setpoint);
  t.equal(asked.send, false);
  t.match(asked.dialog, { stage: 'confirm', value: 72.5, from: '70.0' });
  const sent = confirmWrite(asked.dialog, setpoint);
  t.equal(sent.send, true);
  t.equal(sent.dialog.stage, 'sending');
  t.equal(confirmWrite(sent.dialog, setpoint).send, false, 'impatience sends nothing twice');
  t.match(leaveWrite(asked.dialog), { stage: 'edit', text: '72.5' });
  t.equal(leaveWrite(typed), undefined);
});

t.test('a bad value stays in the field with the reason', async (t) => {
  const { dialog } = confirmWrite(
    editWrite(openWrite('boiler', 'setpoint'), () => '900'),
    setpoint,
  );
  t.match(dialog, { stage: 'edit', text: '900', problem: /maximum/ });
  t.equal(editWrite(dialog, () => '90').problem, undefined, 'typing on takes it away');
});

t.test('a critical point wants its name typed exactly', async (t) => {
  const { dialog } = confirmWrite(
    editWrite(openWrite('boiler', 'trip'), () => 'true'),
    trip,
  );
  t.equal(dialog.stage, 'name');
  t.match(confirmWrite(dialog, trip), { send: false, dialog: { problem: 'type trip exactly' } });
  t.equal(
    confirmWrite(
      editWrite(dialog, () => 'Trip'),
      trip,
    ).send,
    false,
  );
  t.equal(
    confirmWrite(
      editWrite(dialog, () => 'trip'),
      trip,
    ).send,
    true,
  );
});

t.test('every outcome says what is known', async (t) => {
  const error = { code: 'X', fault: 'caller' as const, message: 'no', hint: 'do' };
  t.equal(outcomeText({ status: 'verified', value: 72.5 }, setpoint), 'verified 72.5 °C');
  t.equal(outcomeText({ status: 'written', value: 72.5 }, setpoint), 'written 72.5 °C, not read back');
  t.equal(outcomeText({ status: 'failed', value: null, error }, setpoint), 'failed · X no');
  t.equal(outcomeOfError(error).status, 'refused');
  t.equal(outcomeOfError({ ...error, fault: 'limit' }).status, 'refused');
  t.equal(outcomeOfError({ ...error, fault: 'device' }).status, 'failed');
  const lost = outcomeOfError({ ...error, fault: 'peer' });
  t.equal(lost.status, 'unknown', 'a broken connection proves nothing');
  t.match(outcomeText(lost, setpoint), /^unknown whether it was written/);
  t.equal(outcomeHint(lost), 'read the point before you write again');
  t.equal(outcomeHint({ status: 'verified', value: 1 }), '');
  t.equal(outcomeHint(outcomeOfError(error)), 'do');
});
