import { App, staticFiles } from "fresh";

export const app = new App().use(staticFiles());

app.get("/", () => new Response("hello"));
