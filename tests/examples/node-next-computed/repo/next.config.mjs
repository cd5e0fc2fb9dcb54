export default {
  output: process.env.STATIC_SITE ? "export" : undefined,
};
