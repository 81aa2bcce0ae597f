function characterTimeMs(endpoint) {
  const bits = 1 + endpoint.dataBits + (endpoint.parity === "none" ? 0 : 1) + endpoint.stopBits;
  return bits * 1e3 / endpoint.baudRate;
}
function endpointName(endpoint) {
  switch (endpoint.type) {
    case "tcp":
      return `${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
    case "serial":
      return `${endpoint.path} ${endpoint.baudRate} ${endpoint.dataBits}${endpoint.parity[0]?.toUpperCase()}${endpoint.stopBits}`;
    case "memory":
      return "memory";
  }
}
export {
  characterTimeMs,
  endpointName
};
//# sourceMappingURL=transport.js.map
