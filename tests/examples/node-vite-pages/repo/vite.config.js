import { resolve } from "node:path";

export default {
  build: {
    rollupOptions: {
      input: { main: resolve(__dirname, "index.html"), about: resolve(__dirname, "about.html") },
    },
  },
};
