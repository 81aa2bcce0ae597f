/** Access as the configuration lays it down. */
import { ReasonCode, Refusal } from '../reason-codes.js';
import { type Access, type Identity, unrestricted } from './access.js';

const ANONYMOUS: Identity = { user: undefined, permissions: unrestricted };

export function createAccess(): Access {
  return {
    authenticate({ peer }) {
      if (peer.listener.auth.anonymous) return ANONYMOUS;
      return new Refusal(ReasonCode.badUserNameOrPassword, 'anonymous clients are not allowed');
    },
    exchange() {
      return new Refusal(ReasonCode.badAuthenticationMethod, 'this authentication method is not offered');
    },
  };
}
