import { Client } from "discord.js";

if (!process.env.DISCORD_TOKEN) {
  throw new Error("DISCORD_TOKEN is missing");
}
const client = new Client({ intents: [] });
await client.login(process.env.DISCORD_TOKEN);
