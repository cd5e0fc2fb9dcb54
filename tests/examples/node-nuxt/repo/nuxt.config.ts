export default defineNuxtConfig({
  nitro: { preset: "vercel" },
});
