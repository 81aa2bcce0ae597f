/** Whether something can be done now, or why not. */
import { readOnlyReason } from '../select.js';
import type { Model } from '../state.js';

export const isConnected = (model: Model): true | string =>
  model.connection.state === 'live' ? true : 'no connection to the gateway';

/** Whether something may be changed at the gateway now. */
export function mayChange(model: Model): true | string {
  return readOnlyReason(model) ?? isConnected(model);
}
