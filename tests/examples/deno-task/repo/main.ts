import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text(Deno.env.get("GREETING") ?? "hello"));

Deno.serve(app.fetch);
