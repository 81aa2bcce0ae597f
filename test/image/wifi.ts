/** The provisioned wireless network, on the kernel's simulated radios (mac80211_hwsim): one is the access point, one is ours. */
import assert from 'node:assert/strict';
import { provisionedCard, READY, type Setting, START_MS, say } from './boot.js';
import { Machine } from './machine.js';

const ACCESS_POINT = `network={
  ssid="plant \\"7\\""
  mode=2
  frequency=2412
  proto=RSN
  pairwise=CCMP
  key_mgmt=WPA-PSK
  psk="correct \\"horse\\""
}
`;

/** Runs in the machine: waits for the carrier of wlan0. */
const WAIT = `for i in $(seq 120); do
  [ "$(cat /sys/class/net/wlan0/carrier 2> /dev/null)" = 1 ] && exit 0
  sleep 1
done
journalctl --no-pager -n 60 -u 'hpmq-wifi@*' -u access-point >&2
exit 1`;

export async function joinWifi(setting: Setting): Promise<void> {
  const wifi = `network: { wifi: { ssid: 'plant "7"', password: 'correct "horse"', country: DE } }\n`;
  using card = provisionedCard(setting.image, wifi);
  await using machine = Machine.boot({ mode: 'direct', ...setting, image: card.image });
  await machine.says(READY, START_MS);
  const run = async (command: string) => {
    const { code, stdout, stderr } = await machine.ssh(card.key, command);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout;
  };
  await run('modprobe mac80211_hwsim radios=2 && udevadm settle && systemctl stop hpmq-wifi@wlan1');
  assert.match(
    await run('systemctl is-active hpmq-wifi@wlan0'),
    /^active/,
    'the adapter was seen, and its unit started',
  );
  const point = Buffer.from(ACCESS_POINT.replaceAll('\\"', '"')).toString('base64');
  await run(
    `echo ${point} | base64 -d > /run/ap.conf && systemd-run --unit access-point wpa_supplicant -i wlan1 -c /run/ap.conf`,
  );
  await run(WAIT);
  say('wifi: joined the access point');
}
