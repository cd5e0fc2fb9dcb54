/** Picks a repository to deploy. */
export function NewApp({ asked }: { asked: string }) {
  return (
    <section className="page" aria-label="New app">
      <h2>Deploy a repository</h2>
      <p>Say in a conversation: deploy {asked || "and the address of a repository"}.</p>
    </section>
  );
}
