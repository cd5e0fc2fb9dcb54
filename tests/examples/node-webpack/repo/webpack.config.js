const path = require("path");
const HtmlWebpackPlugin = require("html-webpack-plugin");

module.exports = {
  entry: "./src/index.js",
  output: { path: path.resolve(__dirname, "www"), filename: "[name].js" },
  plugins: [new HtmlWebpackPlugin({ template: "src/index.html" })],
};
