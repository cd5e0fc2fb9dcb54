import { defineConfig } from "vite";

export default defineConfig({
  // outDir: "dist"
  build: { outDir: "www" },
});
