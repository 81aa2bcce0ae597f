import { parseProxyHeader } from "./proxy-protocol.js";
function readProxyHeader(socket, onHeader) {
  let received = Buffer.alloc(0);
  const read = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const result = parseProxyHeader(received);
      if (result === "more") continue;
      stop();
      if ("length" in result && received.length > result.length) socket.unshift(received.subarray(result.length));
      onHeader(result);
      return;
    }
  };
  const ended = () => {
    stop();
    onHeader({ fault: "closed within the header" });
  };
  const stop = () => {
    socket.off("readable", read);
    socket.off("end", ended);
  };
  socket.on("readable", read);
  socket.on("end", ended);
}
export {
  readProxyHeader
};
//# sourceMappingURL=proxy-header.js.map
