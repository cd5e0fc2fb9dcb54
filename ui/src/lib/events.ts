/** Events as the server sends them; `type` is open, since a newer server may know more. */
export interface StreamEvent {
  seq: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
}
