import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./budget.ts";

export default defineConfig({
  plugins: [react(), budget({ "app/App": 120, "app/Workbench": 180, "conversation/Conversation": 220 })],
  build: {
    outDir: "../src/devgem/web/static",
    emptyOutDir: true,
    // Inlined files would be data: URLs, which the content security policy allows for images alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Those that know light-dark(), which then follows the colour scheme of the element that it is used on.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
  server: { proxy: { "/api": "http://localhost:8080", "/ws": { target: "ws://localhost:8080", ws: true } } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
