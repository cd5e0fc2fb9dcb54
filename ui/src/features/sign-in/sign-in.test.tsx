import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Session } from "../../lib/api";
import { Cutting } from "./Cutting";
import { WaysIn } from "./WaysIn";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const OUT = { signed_in: false, user: null, version: "1", isolation: null } as unknown as Session;
const GITHUB = { ...OUT, sign_in: { github: true, token: true, app_url: null } } as unknown as Session;

it("offers GitHub where it is set up, and comes back to where one wanted to go", () => {
  render(<WaysIn session={GITHUB} next="/apps/shop?a=1" problem={null} />);
  expect(screen.getByRole("link", { name: "Continue with GitHub" }).getAttribute("href")).toBe("/signin/github?next=%2Fapps%2Fshop%3Fa%3D1");
  expect(screen.getByText("Private ones, only later")).toBeTruthy();
});

it("tells of the one-time link alone where there is no other way", () => {
  render(<WaysIn session={OUT} next="/" problem="constructor" />);
  expect(screen.queryByRole("link")).toBeNull();
  expect(screen.queryByText("Use a token instead")).toBeNull();
  expect(screen.getByText("$ devgem open")).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toBe("Signing in did not work. Try again; nothing was changed.");
});

it("says why a token was not taken", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ detail: "GitHub does not know this token.", fix: "Make a new one." }), { status: 401 })));
  render(<WaysIn session={GITHUB} next="/" problem={null} />);
  await userEvent.click(screen.getByText("Use a token instead"));
  await userEvent.type(screen.getByLabelText("A personal access token of GitHub"), "ghp_x{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe("GitHub does not know this token. Make a new one.");
});

it("can be paused, and says nothing to who cannot see it", async () => {
  const { container } = render(<Cutting />);
  expect(container.querySelector(".cutting-picture")?.getAttribute("aria-hidden")).toBe("true");
  await userEvent.click(screen.getByRole("button", { name: "Pause the animation" }));
  expect(container.querySelector(".cutting-paused")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Play the animation" })).toBeTruthy();
});
