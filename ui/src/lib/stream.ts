import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import type { Add } from "./shared";
import type { Connection, Socket } from "./socket";

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
export function useStream<S>(stream: string, add: Add<S>, initial: S): S {
  const { folds } = useSocket();
  const fold = useMemo(() => folds.of(stream, add, initial), [folds, stream, add, initial]);
  return useSyncExternalStore(fold.watch, fold.read);
}
