import type { StreamEvent } from "../../lib/events";

export interface Message {
  id: string;
  role: "user" | "assistant";
  text: string;
  deployment: string | null;
}

export const NO_MESSAGES: Message[] = [];

export function addEvent(messages: Message[], event: StreamEvent): Message[] {
  const data = event.data as { message: string; role?: Message["role"]; text?: string; deployment?: string };
  switch (event.type) {
    case "message.started":
      return [...messages, { id: data.message, role: data.role ?? "assistant", text: "", deployment: null }];
    case "message.delta":
      return messages.map((m) => (m.id === data.message ? { ...m, text: m.text + (data.text ?? "") } : m));
    case "message.finished": {
      const finished: Message = {
        id: data.message,
        role: data.role ?? "assistant",
        text: data.text ?? "",
        deployment: data.deployment ?? null,
      };
      const known = messages.some((m) => m.id === finished.id);
      return known ? messages.map((m) => (m.id === finished.id ? finished : m)) : [...messages, finished];
    }
    default:
      return messages;
  }
}
