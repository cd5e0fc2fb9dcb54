const Koa = require("koa");

const app = new Koa();

app.use((context) => {
  context.body = "Hello from koa";
});

const server = app.listen({ port: Number(process.env.PORT || 3000), host: "0.0.0.0" });
