/** What can be asked of one app. */
import { items, request } from "../../lib/api";
import type { components } from "../../lib/api.d";

type Schemas = components["schemas"];
export type Deployment = Schemas["Deployment"];
export type Revision = Schemas["RevisionView"];
export type Metrics = Schemas["Metrics"];
export type EnvName = Schemas["EnvName"];
export type Domain = Schemas["DomainView"];

const app = (name: string) => `/api/v1/apps/${encodeURIComponent(name)}`;

export const calls = {
  app: (name: string) => request<Schemas["AppView"]>("GET", app(name)),
  deployments: (name: string, cursor = "") =>
    request<Schemas["Page_Deployment_"]>("GET", `${app(name)}/deployments${cursor && `?cursor=${encodeURIComponent(cursor)}`}`),
  revisions: (name: string) => items<Revision>(`${app(name)}/revisions`),
  rollBack: (name: string, to: number) => request<Schemas["RolledBack"]>("POST", `${app(name)}/rollback`, { to }),
  restart: (name: string) => request("POST", `${app(name)}/restart`, {}),
  cancel: (name: string) => request("POST", `${app(name)}/cancel`, {}),
  deploy: (body: Pick<Schemas["DeployBody"], "source" | "name" | "dir" | "cloud">) => request<Deployment>("POST", "/api/v1/deployments", body),
  remove: (name: string) => request("DELETE", app(name)),
  metrics: (name: string, window: string) => request<Metrics>("GET", `${app(name)}/metrics?window=${window}`),
  env: (name: string) => items<EnvName>(`${app(name)}/env`),
  changeEnv: (name: string, change: { set?: Record<string, string>; unset?: string[]; build?: boolean }) =>
    request<Schemas["EnvNames"]>("PATCH", `${app(name)}/env`, { set: {}, unset: [], build: false, ...change }),
  domains: (name: string) => items<Domain>(`${app(name)}/domains`),
  addDomain: (name: string, host: string) => request<Domain>("POST", `${app(name)}/domains`, { host }),
  removeDomain: (name: string, host: string) => request("DELETE", `${app(name)}/domains/${encodeURIComponent(host)}`),
};
