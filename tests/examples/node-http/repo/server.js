import { createServer } from "node:http";

const port = Number(process.env.PORT) || 3000;

createServer((request, response) => {
  response.end("Hello from node\n");
}).listen(port, () => console.log(`listening on ${port}`));
