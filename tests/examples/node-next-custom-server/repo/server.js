const { createServer } = require("http");
const next = require("next");

const app = next({ dev: false });

app.prepare().then(() => {
  createServer(app.getRequestHandler()).listen(process.env.PORT || 3000);
});
