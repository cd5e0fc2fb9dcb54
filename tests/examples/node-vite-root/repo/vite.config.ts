import { fileURLToPath, URL } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const outDir = "../out/web";

export default defineConfig(({ mode }) => ({
  root: "client",
  plugins: [vue()],
  resolve: { alias: { "@": fileURLToPath(new URL("./client/src", import.meta.url)) } },
  build: { outDir, emptyOutDir: mode === "production" },
}));
