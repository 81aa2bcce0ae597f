const publishAnswers = /* @__PURE__ */ new Set([0, 16, 128, 131, 135, 144, 145, 151, 153]);
const releaseAnswers = /* @__PURE__ */ new Set([0, 146]);
const allowedReasonCodes = {
  puback: publishAnswers,
  pubrec: publishAnswers,
  pubrel: releaseAnswers,
  pubcomp: releaseAnswers,
  disconnect: /* @__PURE__ */ new Set([
    0,
    4,
    128,
    129,
    130,
    131,
    144,
    147,
    148,
    149,
    150,
    151,
    152,
    153
  ]),
  /** Success is for the server to say. */
  auth: /* @__PURE__ */ new Set([24, 25])
};
export {
  allowedReasonCodes
};
//# sourceMappingURL=reason-code-sets.js.map
