export default {
  build: {
    outDir: process.env.OUT_DIR || "output",
  },
};
