/** A connection to the server, as the socket sees it: a WebSocket, or server-sent events where none gets through. */
import type { Position, ServerFrame } from "./subscriptions";

export interface WireEvents {
  /** It is ready: positions may be sent. */
  onReady: () => void;
  onFrame: (frame: ServerFrame) => void;
  /** Anything at all has come, if only a heartbeat. */
  onLife: () => void;
  /** It is over; never after `close`. */
  onLost: (code: number) => void;
}

export interface Wire {
  readonly kind: "socket" | "sse";
  hello(positions: Position[]): void;
  subscribe(position: Position): void;
  unsubscribe(stream: string): void;
  /** Asks for any sign of life. */
  ping(): void;
  close(): void;
}

export type OpenWire = (events: WireEvents) => Wire;

export class SocketWire implements Wire {
  readonly kind = "socket";
  private readonly socket: WebSocket;

  constructor(url: string, events: WireEvents) {
    const socket = new WebSocket(url, "devgem.v1");
    this.socket = socket;
    socket.onopen = () => events.onReady();
    socket.onmessage = (message) => {
      events.onLife();
      const frame = JSON.parse(String(message.data)) as ServerFrame;
      if (frame.type === "ping") this.send({ type: "pong" });
      events.onFrame(frame);
    };
    socket.onclose = (event) => events.onLost(event.code);
  }

  hello(positions: Position[]): void {
    this.send({ type: "hello", resume: positions });
  }
  subscribe(position: Position): void {
    this.send({ type: "subscribe", ...position });
  }
  unsubscribe(stream: string): void {
    this.send({ type: "unsubscribe", stream });
  }
  ping(): void {
    this.send({ type: "ping" });
  }
  close(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
  private send(frame: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
