/** The snippet that puts a button in a README. */
export function ButtonPage() {
  return (
    <section className="page" aria-label="Button">
      <h2>Deploy to DevGem</h2>
      <p>
        A link to <code>/new?repo=</code> and the address of a repository opens it here, ready to be deployed.
      </p>
    </section>
  );
}
