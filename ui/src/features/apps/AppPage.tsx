import type { Tab } from "../../lib/route";

/** One app, by its tabs. */
export function AppPage({ name, tab }: { name: string; tab: Tab }) {
  return (
    <section className="page" aria-label={`App ${name}`}>
      <h2>{name}</h2>
      <p>{tab}</p>
    </section>
  );
}
