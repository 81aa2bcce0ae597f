/** The broker aedes (npm) with its defaults, on the port given: `node aedes-broker.js PORT`. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
createServer(broker.handle).listen(Number(process.argv[2]), '127.0.0.1');
