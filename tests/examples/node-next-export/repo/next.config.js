const isProduction = process.env.NODE_ENV === "production";

/** @type {import('next').NextConfig} */
module.exports = {
  // output: "standalone",
  output: isProduction ? "export" : undefined,
  distDir: "site",
};
