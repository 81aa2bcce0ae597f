function* backoffDelays(backoff, random = Math.random) {
  let nominal = backoff.first;
  for (; ; ) {
    yield Math.round(nominal * (0.5 + random() / 2));
    nominal = Math.min(backoff.max, nominal * (backoff.factor ?? 2));
  }
}
export {
  backoffDelays
};
//# sourceMappingURL=backoff.js.map
