// A quick app: 600 bytes for every request.
const http = require("node:http");
const body = Buffer.alloc(600, "x");
const server = http.createServer((request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": body.length, "X-Revision": process.argv[2] });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: "127.0.0.1", backlog: 16384 }, () => console.log(server.address().port));
