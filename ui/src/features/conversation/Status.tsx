import { isWorking, type Thread, type Usage } from "./entries";

const COUNT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const MONEY = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 3 });

/** What is going on, and what it has cost. */
export function Status({ thread }: { thread: Thread }) {
  return (
    <div className="thread-status">
      <span className="grow" role="status">
        {going(thread)}
      </span>
      {thread.usage && <span className="quiet numbers">{spent(thread.usage)}</span>}
    </div>
  );
}

function going({ waiting, ...thread }: Thread): string {
  if (waiting) {
    const ahead = waiting.ahead > 0 ? `, ${waiting.ahead} ahead` : "";
    return `Waiting for the model: about ${Math.max(1, Math.round(waiting.seconds))} s${ahead}`;
  }
  return isWorking({ waiting, ...thread }) ? "Working" : "";
}

/** "1.2K tokens, 3.4K in this conversation, 12K of 1M today, $0.01". */
export function spent(usage: Usage): string {
  const limit = usage.dayLimit === null ? "" : ` of ${COUNT.format(usage.dayLimit)}`;
  const parts = [
    `${COUNT.format(usage.turnTokens)} tokens`,
    `${COUNT.format(usage.conversationTokens)} in this conversation`,
    `${COUNT.format(usage.dayTokens)}${limit} today`,
    usage.costUsd === null ? "" : MONEY.format(usage.costUsd),
  ];
  return parts.filter(Boolean).join(", ");
}
