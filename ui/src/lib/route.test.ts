import { afterEach, describe, expect, it } from "vitest";
import { modern, navigate, parse, paths, safeNext } from "./route";

afterEach(() => history.replaceState(null, "", "/"));

describe("parse", () => {
  it.each([
    ["/", { page: "home" }],
    ["/apps", { page: "apps" }],
    ["/apps/", { page: "apps" }],
    ["/new", { page: "consent" }],
    ["/apps/shop", { page: "app", name: "shop", tab: "overview" }],
    ["/apps/shop/logs", { page: "app", name: "shop", tab: "logs" }],
    ["/apps/shop/kitchen", { page: "unknown" }],
    ["/apps/shop/logs/1", { page: "unknown" }],
    ["/conversations/cnv_1", { page: "conversation", id: "cnv_1" }],
    ["/conversations/a%2Fb", { page: "conversation", id: "a/b" }],
    ["/conversations", { page: "unknown" }],
    ["/deployments/dpl_1/x", { page: "unknown" }],
    ["/constructor", { page: "unknown" }],
    ["/apps/%E0%A4%A", { page: "app", name: "%E0%A4%A", tab: "overview" }],
  ])("%s", (path, route) => expect(parse(path)).toEqual(route));

  it("finds again what the paths name", () => {
    expect(parse(paths.conversation("a/b ?#"))).toEqual({ page: "conversation", id: "a/b ?#" });
    expect(parse(paths.app("shop", "metrics"))).toEqual({ page: "app", name: "shop", tab: "metrics" });
  });
});

it("knows the addresses of before", () => {
  expect(modern("#/conversations/cnv_1")).toBe("/conversations/cnv_1");
  expect(modern("#/sessions")).toBe("/settings");
  expect(modern("#L120")).toBeNull();
});

it.each([
  ["/apps/shop?a=1#L2", "/apps/shop?a=1#L2"],
  ["//evil.example/", "/"],
  ["/\\evil.example/", "/"],
  ["https://evil.example/", "/"],
  ["/\t/evil.example", "/"],
  ["/signin?next=/signin", "/"],
  ["javascript:alert(1)", "/"],
  [null, "/"],
])("after signing in, %s leads to %s", (next, to) => expect(safeNext(next)).toBe(to));

it("navigates with a way back, and without", () => {
  const before = history.length;
  navigate("/apps");
  expect([location.pathname, history.length]).toEqual(["/apps", before + 1]);
  navigate("/apps");
  navigate("/quota", { replace: true });
  expect([location.pathname, history.length]).toEqual(["/quota", before + 1]);
});
