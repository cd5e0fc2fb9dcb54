/** Requests to the HTTP API; an answer that is a problem document becomes a Problem. */
import type { components } from "./api.d";

type Schemas = components["schemas"];
export type App = Schemas["AppView"];
export type Session = Schemas["SessionView"];
export type Conversation = Schemas["ConversationView"];
export type Browser = Schemas["SignedInBrowser"];
export type GeminiKey = Schemas["GeminiKeyView"];
export type Inspection = Schemas["InspectionView"];
export type AppSettings = Schemas["AppSettingsView"];
export type PullRequest = Schemas["PullRequestView"];
export type Quota = Schemas["QuotaView"];
export type PastDeployment = Schemas["Deployment"];

export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly fix: string,
  ) {
    super(message);
  }
}

/** Whatever a request failed with, as something that can be shown. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("DevGem does not answer.", 0, "Try again in a moment.");
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: { "X-DevGem": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  throw problemIn(response, text);
}

function problemIn(response: Response, text: string): Problem {
  try {
    const { detail, fix } = JSON.parse(text) as { detail: string; fix: string };
    return new Problem(detail, response.status, fix);
  } catch {
    return new Problem(`DevGem answered ${response.status} ${response.statusText}`, response.status, "");
  }
}

export async function items<T>(path: string): Promise<T[]> {
  return (await request<{ items: T[] }>("GET", path)).items;
}

const conversation = (id: string) => `/api/v1/conversations/${encodeURIComponent(id)}`;

const app = (name: string) => `/api/v1/apps/${encodeURIComponent(name)}`;

export const api = {
  session: () => request<Session>("GET", "/api/v1/session"),
  signInByToken: (token: string) => request("POST", "/api/v1/signin/token", { token }),
  apps: () => items<App>("/api/v1/apps"),
  conversations: () => items<Conversation>("/api/v1/conversations"),
  openConversation: () => request<Conversation>("POST", "/api/v1/conversations", {}),
  say: (id: string, body: Schemas["MessageBody"]) => request("POST", `${conversation(id)}/messages`, body),
  stop: (id: string) => request("POST", `${conversation(id)}/stop`, {}),
  answerApproval: (id: string, approval: string, body: Schemas["ApprovalBody"]) =>
    request("POST", `${conversation(id)}/approvals/${encodeURIComponent(approval)}`, body),
  restOfEdit: (id: string, edit: string, after: number) =>
    request<Schemas["EditPage"]>("GET", `${conversation(id)}/edits/${encodeURIComponent(edit)}?after=${after}`),
  answerEdit: (id: string, edit: string, body: Schemas["EditBody"]) =>
    request("POST", `${conversation(id)}/edits/${encodeURIComponent(edit)}`, body),
  cancel: (deployment: string) => request("POST", `/api/v1/deployments/${deployment}/cancel`, {}),
  deploymentsOf: (app: string) => items<PastDeployment>(`/api/v1/apps/${encodeURIComponent(app)}/deployments`),
  inspect: (body: Schemas["InspectBody"]) => request<Inspection>("POST", "/api/v1/inspections", body),
  deployAgreed: (body: Schemas["ButtonBody"]) => request<Schemas["ButtonStarted"]>("POST", "/api/v1/button", body),
  appSettings: (name: string) => request<AppSettings>("GET", `${app(name)}/settings`),
  changeAppSettings: (name: string, body: Schemas["AppSettingsPatch"]) =>
    request<AppSettings>("PATCH", `${app(name)}/settings`, body),
  previews: (name: string) => items<PullRequest>(`${app(name)}/previews`),
  consentToPreview: (name: string, number: number, sha: string) =>
    request("POST", `${app(name)}/previews/${number}/consent`, { sha }),
  discardPreview: (name: string, number: number) => request("DELETE", `${app(name)}/previews/${number}`),
  quota: () => request<Quota>("GET", "/api/v1/quota"),
  geminiKey: () => request<GeminiKey>("GET", "/api/v1/keys/gemini"),
  setGeminiKey: (key: string) => request<GeminiKey>("PUT", "/api/v1/keys/gemini", { key }),
  removeGeminiKey: () => request("DELETE", "/api/v1/keys/gemini"),
  sessions: () => items<Browser>("/api/v1/sessions"),
  revokeSession: (id: string) => request("DELETE", `/api/v1/sessions/${encodeURIComponent(id)}`),
};
