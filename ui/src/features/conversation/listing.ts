import { items, request, type Conversation } from "../../lib/api";

/** The newest conversations, or those that match. */
export function listed(q: string): Promise<Conversation[]> {
  return items<Conversation>(`/api/v1/conversations${q && `?q=${encodeURIComponent(q)}`}`);
}

export function change(id: string, to: { title?: string; pinned?: boolean }): Promise<unknown> {
  return request("PATCH", `/api/v1/conversations/${encodeURIComponent(id)}`, to);
}
