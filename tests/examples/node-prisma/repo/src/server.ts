import Fastify from "fastify";
import { env } from "./env";

Fastify().listen({ port: env.PORT, host: "0.0.0.0" });
