import { AppList } from "./AppList";

/** All apps and how they do. */
export function Apps() {
  return (
    <section className="page" aria-label="All apps">
      <AppList />
    </section>
  );
}
