// Before the first paint, so that a chosen theme never flashes; the policy allows no inline script.
try {
  const { theme, motion } = JSON.parse(localStorage.getItem("devgem.settings") ?? "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  if (motion === "still") document.documentElement.dataset.motion = "still";
} catch {
  // What cannot be read is as if nothing had been chosen.
}
