import type { Config } from "@react-router/dev/config";

export default {
  appDirectory: "src",
  buildDirectory: "out",
  ssr: false,
} satisfies Config;
