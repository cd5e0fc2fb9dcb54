import { defineConfig } from "vitepress";

export default defineConfig({ title: "Manual", outDir: "../public" });
