import { useState } from "react";
import { navigate, paths } from "../../lib/route";
import { Inspect } from "./Inspect";
import { Picker } from "./Picker";
import { SourceForm } from "./SourceForm";
import "./repositories.css";

/** From a repository to its deployment: pick, see what it would be, deploy. What is picked is in the address. */
export function NewApp({ asked, seesPublicOnly }: { asked: string; seesPublicOnly: boolean }) {
  const [first, setFirst] = useState("");
  if (asked) return <Inspect key={asked} source={asked} branch={first || null} />;
  const pick = (source: string, branch = "") => {
    setFirst(branch);
    navigate(paths.newApp(source));
  };
  return (
    <section className="page" aria-label="New app">
      <h2>Deploy a repository</h2>
      <SourceForm onPick={pick} />
      <Picker onPick={pick} />
      {seesPublicOnly && (
        <p className="quiet">
          Only public repositories are listed.{" "}
          <a href="/signin/github?next=%2Fnew-app&access=private">Let DevGem read your private ones too</a>
        </p>
      )}
    </section>
  );
}
