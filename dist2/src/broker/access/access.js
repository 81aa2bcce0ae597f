const unrestricted = {
  revision: 0,
  isFree: true,
  mayPublish: () => true,
  maySubscribe: () => true,
  mayReceive: () => true
};
export {
  unrestricted
};
//# sourceMappingURL=access.js.map
