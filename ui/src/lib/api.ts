/** Requests to the HTTP API; an answer that is a problem document becomes a Problem. */
import type { components } from "./api.d";

export type App = components["schemas"]["AppView"];
export type Session = components["schemas"]["SessionView"];
export type Conversation = components["schemas"]["ConversationView"];

export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly fix: string,
  ) {
    super(message);
  }
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: { "X-DevGem": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  throw asProblem(response, text);
}

function asProblem(response: Response, text: string): Problem {
  try {
    const { detail, fix } = JSON.parse(text) as { detail: string; fix: string };
    return new Problem(detail, response.status, fix);
  } catch {
    return new Problem(`DevGem answered ${response.status} ${response.statusText}`, response.status, "");
  }
}

export const api = {
  session: () => request<Session>("GET", "/api/v1/session"),
  apps: async () => (await request<{ items: App[] }>("GET", "/api/v1/apps")).items,
  conversations: async () => (await request<{ items: Conversation[] }>("GET", "/api/v1/conversations")).items,
  openConversation: () => request<Conversation>("POST", "/api/v1/conversations", {}),
  say: (conversation: string, text: string, client_id: string) =>
    request("POST", `/api/v1/conversations/${conversation}/messages`, { text, client_id }),
  cancel: (deployment: string) => request("POST", `/api/v1/deployments/${deployment}/cancel`, {}),
};
