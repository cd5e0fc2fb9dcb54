import { Elysia } from "elysia";

const app = new Elysia().get("/", () => "Hello from elysia").listen(Bun.env.PORT ?? 3000);
