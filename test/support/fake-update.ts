/** A box that was never updated. */
import type { UpdateView } from '../../src/api/contract.js';

export const fakeUpdate: UpdateView = {
  form: 'executable',
  slot: 'installed',
  version: '1.2.3',
  state: 'confirmed',
  previous: null,
  pending: null,
  trial: null,
  last: null,
  missing: [],
  leftMs: null,
  installing: null,
};
