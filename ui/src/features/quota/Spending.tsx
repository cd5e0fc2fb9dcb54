import { Link } from "../../components/Link";
import { items } from "../../lib/api";
import type { components } from "../../lib/api.d";
import { useAsked } from "../../lib/asked";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";

type Spent = components["schemas"]["ConversationSpentView"];

const ask = () => items<Spent>("/api/v1/spending");

/** What each conversation has cost in the last 30 days, the dearest first. */
export function Spending() {
  const { value, problem } = useAsked(ask);
  return (
    <section aria-label="Spent by conversation">
      <h3>By conversation, in 30 days</h3>
      {problem && <p className="problem">{problem.message}</p>}
      {value?.length === 0 && <p className="quiet">No conversation has used a model yet.</p>}
      <ul className="rows spending">
        {value?.map((one) => (
          <li key={one.conversation}>
            <span className="grow">
              {one.title === null ? "A conversation that is gone" : <Link href={paths.conversation(one.conversation)}>{visible(one.title)}</Link>}
            </span>
            <span className="numbers">{one.tokens.toLocaleString()} tokens</span>
            <span className="numbers quiet">{one.cost_usd === null ? "price not known" : `$${one.cost_usd.toFixed(2)}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
