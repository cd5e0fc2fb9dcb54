const url = process.env.DATABASE_URL;
if (!url) {
  throw new Error("no DATABASE_URL");
}
if (!process.env.STRIPE_KEY) throw new Error("no STRIPE_KEY");
export const site = process.env.NEXT_PUBLIC_SITE;
