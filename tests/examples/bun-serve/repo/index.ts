const server = Bun.serve({
  fetch: () => new Response("Hello from bun"),
});

console.log(`listening on ${server.url}`);
