/** The stone's geometry, in a field of WIDTH by HEIGHT: the facets of the gem, and the shards that are cut away. */
const WIDTH = 120;
const HEIGHT = 112;

export const STAGES = ["Fetch", "Plan", "Build", "Start", "Check", "Route"] as const;

export const LINES = [
  "fetch   acme/shop at 4f0c2d1",
  "plan    Node 22, npm ci, npm run build, port 3000",
  "build   1,204 modules, 38 s",
  "start   revision v7 listens on 3000",
  "check   GET / answered 200 after 41 ms",
  "route   all traffic to v7",
] as const;

interface Facet {
  points: string;
  stage: number;
  /** How much light it has: 1 is the darkest. */
  tone: 1 | 2 | 3 | 4;
  shade: 1 | 2 | 3;
}

export const FACETS: readonly Facet[] = [
  { points: "38,12 14,42 42,42", stage: 1, tone: 3, shade: 2 },
  { points: "38,12 42,42 60,12", stage: 2, tone: 4, shade: 3 },
  { points: "60,12 42,42 78,42", stage: 2, tone: 3, shade: 2 },
  { points: "60,12 78,42 82,12", stage: 3, tone: 4, shade: 3 },
  { points: "82,12 78,42 106,42", stage: 3, tone: 2, shade: 1 },
  { points: "14,42 42,42 60,104", stage: 4, tone: 2, shade: 2 },
  { points: "78,42 106,42 60,104", stage: 5, tone: 1, shade: 1 },
  { points: "42,42 78,42 60,104", stage: 6, tone: 3, shade: 2 },
];

interface Shard {
  points: string;
  stage: number;
  /** Where it falls to. */
  dx: "left" | "right" | "none";
  dy: "up" | "down";
  shade: 1 | 2 | 3;
}

export const SHARDS: readonly Shard[] = [
  { points: "8,26 24,8 38,12 14,42", stage: 1, dx: "left", dy: "up", shade: 3 },
  { points: "24,8 62,2 60,12 38,12", stage: 2, dx: "none", dy: "up", shade: 3 },
  { points: "62,2 94,6 116,30 106,42 82,12 60,12", stage: 3, dx: "right", dy: "up", shade: 2 },
  { points: "8,26 14,42 60,104 48,108 24,82 4,52", stage: 4, dx: "left", dy: "down", shade: 2 },
  { points: "116,30 112,56 92,84 66,111 60,104 106,42", stage: 5, dx: "right", dy: "down", shade: 1 },
  { points: "48,108 60,104 66,111", stage: 6, dx: "none", dy: "down", shade: 1 },
];

/** A clip-path for points such as `38,12 14,42 42,42`. */
export function shape(points: string): string {
  const corners = points.split(" ").map((point) => {
    const [x = 0, y = 0] = point.split(",").map(Number);
    return `${((x / WIDTH) * 100).toFixed(2)}% ${((y / HEIGHT) * 100).toFixed(2)}%`;
  });
  return `polygon(${corners.join(", ")})`;
}
