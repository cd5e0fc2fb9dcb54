export default function (config) {
  config.addPassthroughCopy("style.css");
  return { dir: { input: "pages", output: "public_html" } };
}
