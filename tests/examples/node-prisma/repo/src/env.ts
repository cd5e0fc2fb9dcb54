import { z } from "zod";

export const env = z
  .object({
    DATABASE_URL: z.string().url(),
    LOG_LEVEL: z.string().default("info"),
    PORT: z.coerce.number().default(3333),
    SENTRY_DSN: z.string().optional(),
  })
  .parse(process.env);
