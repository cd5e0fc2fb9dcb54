export default {
  title: "Manual",
  url: "https://someone.github.io",
  baseUrl: "/manual/",
};
