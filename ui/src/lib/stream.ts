import { createContext, useContext, useEffect, useReducer, useSyncExternalStore } from "react";
import type { StreamEvent } from "./events";
import type { Connection, News, Socket } from "./socket";

export const SocketContext = createContext<Socket | null>(null);

export function useSocket(): Socket {
  const socket = useContext(SocketContext);
  if (!socket) throw new Error("useSocket needs a SocketContext above it");
  return socket;
}

export function useConnection(): Connection {
  const socket = useSocket();
  return useSyncExternalStore(socket.watch, () => socket.state);
}

/** The state that a stream's events add up to; `add` is a pure reducer. Stable `add` and `initial` are assumed. */
export function useStream<S>(stream: string, add: (state: S, event: StreamEvent) => S, initial: S): S {
  const socket = useSocket();
  const [state, dispatch] = useReducer(
    (state: S, news: News) => news.events.reduce(add, news.restart ? initial : state),
    initial,
  );
  useEffect(() => socket.subscribe(stream, dispatch), [socket, stream]);
  return state;
}
