const Koa = require("koa");
const { port } = require("./config");

new Koa().listen(port);
