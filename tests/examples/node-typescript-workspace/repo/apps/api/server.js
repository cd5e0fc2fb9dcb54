import { createServer } from "node:http";
import { greeting } from "@acme/greeting";

createServer((request, response) => response.end(greeting("a workspace"))).listen(process.env.PORT ?? 3000);
