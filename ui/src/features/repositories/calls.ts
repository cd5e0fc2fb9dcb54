/** Repositories to pick from, what one would be, and its deployment. */
import { items, request } from "../../lib/api";
import type { components } from "../../lib/api.d";

type Schemas = components["schemas"];
export type Repository = Schemas["RepositoryView"];
export type RepositoryPage = Schemas["RepositoryPage"];
export type Inspection = Schemas["InspectionView"];
export type Asked = Schemas["AskedView"];
export type Folder = Schemas["FolderView"];

export interface Choice {
  source: string;
  ref: string | null;
  dir: string;
}

const of = (slug: string) => `/api/v1/repositories/${slug.split("/").map(encodeURIComponent).join("/")}`;

export const calls = {
  repositories: (search: { q: string; owner: string; cursor: string }) =>
    request<RepositoryPage>("GET", `/api/v1/repositories?${new URLSearchParams(search).toString()}`),
  branches: (slug: string) => items<{ name: string; sha: string }>(`${of(slug)}/branches`),
  folders: (slug: string, ref: string) => items<Folder>(`${of(slug)}/folders?ref=${encodeURIComponent(ref)}`),
  inspect: (choice: Choice) => request<Inspection>("POST", "/api/v1/inspections", choice),
  deploy: (body: Partial<Schemas["DeployBody"]> & { source: string }) => request<Schemas["Deployment"]>("POST", "/api/v1/deployments", body),
};

/** `owner/name` of what is one on GitHub; null for folders and other addresses. */
export function slugOf(source: string): string | null {
  const found = /^(?:https?:\/\/[^/]*github[^/]*\/)?([A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+?)(?:\.git)?\/?$/.exec(source.trim());
  return found?.[1] ?? null;
}
