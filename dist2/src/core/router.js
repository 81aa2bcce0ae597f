const ABSENT = 2 ** 30;
function subscriptionTo(filter, options = {}) {
  return { filter, qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 0, identifiers: [], ...options };
}
export {
  ABSENT,
  subscriptionTo
};
//# sourceMappingURL=router.js.map
