/** The keep-alive timer of MQTT.js on the injected clock. */
import type { Timer as MqttTimer } from 'mqtt';
import type { Clock, Timer } from '../../core/clock.js';

/** `set` calls back every `ms` until `clear`, as setInterval does. */
export function intervalsOn(clock: Clock): MqttTimer {
  const running = new Map<number, Timer>();
  let last = 0;
  return {
    set(callback, ms = 0) {
      const id = ++last;
      const arm = () => {
        running.set(
          id,
          clock.after(ms, () => {
            arm();
            callback();
          }),
        );
      };
      arm();
      return id;
    },
    clear(id) {
      running.get(Number(id))?.cancel();
      running.delete(Number(id));
    },
  };
}
